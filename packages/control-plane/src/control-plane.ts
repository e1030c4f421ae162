import { type Compiler, createCompiler, type MeshSettings } from '@heddle/compiler';
import { type ConfigDump, createDiscoveryServer, type DiscoveryEvent, type DiscoveryServer } from '@heddle/discovery';
import {
  type CompiledView,
  compareDiagnostics,
  type Diagnostic,
  diagnostic,
  formatDiagnostic,
  type ListenerBinding,
  MeshSnapshot,
  type ProxyNode,
  parseNodeId,
  type View,
  viewOf,
} from '@heddle/model';
import { type ConfigSource, mergeSources } from '@heddle/sources';
import { type ProxySyncStatus, proxySyncStatus } from './sync-status.ts';

export interface ControlPlaneOptions {
  /** Where configuration comes from; of two sources that define the same object the first wins, and the second is reported. */
  readonly sources: readonly ConfigSource[];
  readonly settings?: Partial<MeshSettings>;
  /** Runs before a new snapshot is served, one at a time: the place to make room for what it needs. */
  readonly prepare?: (snapshot: MeshSnapshot) => Promise<void>;
  /** How a proxy's listeners are bound, when that is not the proxy's own business; undefined leaves it to its node metadata. */
  readonly bindingOf?: (node: ProxyNode) => ListenerBinding | undefined;
  readonly log?: (event: DiscoveryEvent) => void;
}

/** Sources, compiler and discovery server put together. */
export interface ControlPlane {
  /** The configuration that is served. */
  readonly snapshot: MeshSnapshot;
  /** Whether the first configuration was read and is served. */
  readonly ready: boolean;
  /** Resolves when {@link ready} becomes true. */
  readonly started: Promise<void>;
  readonly discovery: DiscoveryServer;
  /** Everything wrong with what was read and compiled, for the views in use, and what proxies rejected; most severe first. */
  diagnostics(): readonly Diagnostic[];
  /** Compiles for a proxy that need not be connected. */
  compileFor(node: ProxyNode): CompiledView;
  /** Who is connected, and what of each type was sent and acknowledged. */
  syncStatus(): readonly ProxySyncStatus[];
  /** What the proxy, by node id or NAME.NAMESPACE, was sent: undefined if none such is connected. */
  configDump(proxy: string): ConfigDump | undefined;
  /** Takes the sources' present state as soon as possible; they call it themselves when they change. */
  refresh(): Promise<void>;
  /** Calls the listener after each snapshot that is served. */
  subscribe(listener: (snapshot: MeshSnapshot) => void): () => void;
  close(): Promise<void>;
}

/**
 * Starts a control plane in this process. It listens nowhere by itself: see `./node` for gRPC and HTTP, and `discovery.connect()`
 * for data planes in the same process.
 */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  return new RunningControlPlane(options);
}

class RunningControlPlane implements ControlPlane {
  readonly discovery: DiscoveryServer;
  readonly started: Promise<void>;
  snapshot: MeshSnapshot = MeshSnapshot.empty;
  ready = false;
  readonly #options: ControlPlaneOptions;
  readonly #compiler: Compiler;
  readonly #merged: ReturnType<typeof mergeSources>;
  readonly #unsubscribe: () => void;
  readonly #listeners = new Set<(snapshot: MeshSnapshot) => void>();
  /** Views in use with what they were last compiled to: the diagnostics of a view that nobody has any more go with it. */
  readonly #views = new Map<string, CompiledView>();
  #selectorKeys: ReadonlySet<string> = new Set();
  #work: Promise<void> = Promise.resolve();
  #workQueued = false;
  #closed = false;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#compiler = createCompiler(options.settings === undefined ? {} : { settings: options.settings });
    this.discovery = createDiscoveryServer({
      resolveView: (node) => this.#resolveView(node),
      compile: (view) => this.#compile(view),
      ...(options.log === undefined ? {} : { log: options.log }),
    });
    this.#merged = mergeSources(options.sources);
    this.#unsubscribe = this.#merged.subscribe(() => void this.refresh());
    this.started = this.#merged.ready.then(() => this.refresh());
  }

  refresh(): Promise<void> {
    // One update at a time; whatever changes meanwhile is taken together by the next.
    if (!this.#workQueued) {
      this.#workQueued = true;
      this.#work = this.#work.then(() => {
        this.#workQueued = false;
        return this.#apply();
      });
    }
    return this.#work;
  }

  async #apply(): Promise<void> {
    await this.#merged.ready;
    if (this.#closed) return;
    const snapshot = this.#merged.current;
    if (this.ready && snapshot === this.snapshot) return;
    await this.#options.prepare?.(snapshot);
    if (this.#closed) return;
    this.snapshot = snapshot;
    const selectorKeys = this.#compiler.selectorKeys(snapshot);
    // Which view a proxy belongs to is asked anew only if the answer may differ: it costs a look at every stream.
    const reclassify = this.#options.bindingOf !== undefined || !sameSet(this.#selectorKeys, selectorKeys);
    this.#selectorKeys = selectorKeys;
    this.#views.clear();
    this.discovery.update({ reclassify });
    this.ready = true;
    for (const listener of this.#listeners) listener(snapshot);
  }

  #resolveView(node: ProxyNode): View {
    const binding = this.#options.bindingOf?.(node);
    return viewOf(binding === undefined ? node : { ...node, binding }, this.#selectorKeys);
  }

  #compile(view: View): CompiledView {
    const compiled = this.#compiler.compile(this.snapshot, view);
    this.#views.set(view.key, compiled);
    return compiled;
  }

  compileFor(node: ProxyNode): CompiledView {
    return this.#compiler.compile(this.snapshot, this.#resolveView(node));
  }

  diagnostics(): readonly Diagnostic[] {
    const found = [
      ...this.snapshot.diagnostics,
      ...[...this.#views.values()].flatMap((compiled) => compiled.diagnostics),
      ...this.#rejections(),
    ].map((one) => this.snapshot.located(one));
    // Several views find the same thing wrong with an object.
    return [...new Map(found.map((one) => [formatDiagnostic(one), one])).values()].sort(compareDiagnostics);
  }

  /** What proxies refused, mapped back to the objects that made it. */
  #rejections(): readonly Diagnostic[] {
    return this.discovery.streams().flatMap((stream) =>
      stream.types.flatMap((type) =>
        type.rejected.map(({ name, message }) => {
          const compiled = stream.viewKey === undefined ? undefined : this.#views.get(stream.viewKey);
          const origin = compiled?.provenance(type.typeUrl, name)?.get('');
          return diagnostic('HED302', {
            ...(origin === undefined ? {} : { resource: origin.resource, path: origin.path }),
            message: `${stream.nodeId ?? stream.peer} rejected ${type.label} "${name}": ${message}`,
            effect: 'the proxy goes on with the last version it accepted',
          });
        }),
      ),
    );
  }

  syncStatus(): readonly ProxySyncStatus[] {
    return this.discovery.streams().flatMap((stream) => proxySyncStatus(stream) ?? []);
  }

  configDump(proxy: string): ConfigDump | undefined {
    const ids = this.discovery.streams().flatMap(({ nodeId }) => nodeId ?? []);
    const id = ids.find((candidate) => candidate === proxy || shortName(candidate) === proxy);
    return id === undefined ? undefined : this.discovery.configDump(id);
  }

  subscribe(listener: (snapshot: MeshSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    await this.discovery.close();
    await Promise.all(this.#options.sources.map((source) => source.close()));
  }
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a === b || (a.size === b.size && a.isSubsetOf(b));
}

/** `NAME.NAMESPACE`, as istioctl names proxies. */
function shortName(nodeId: string): string | undefined {
  const parsed = parseNodeId(nodeId);
  return 'problem' in parsed ? undefined : `${parsed.name}.${parsed.namespace}`;
}
