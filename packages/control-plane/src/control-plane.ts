import { type Compiler, createCompiler, type ListedService, type MeshSettings } from '@heddle/compiler';
import {
  type ConfigDump,
  createDiscoveryServer,
  type DiscoveryEvent,
  type DiscoveryLimits,
  type DiscoveryServer,
  RESOURCE_TYPES,
} from '@heddle/discovery';
import {
  type CompiledView,
  compareDiagnostics,
  type Diagnostic,
  formatDiagnostic,
  type ListenerBinding,
  MeshSnapshot,
  type ProxyNode,
  type View,
  viewOf,
} from '@heddle/model';
import { type ConfigSource, mergeSources } from '@heddle/sources';
import { blamedOrigin } from './blamed-origin.ts';
import { compileInSlices } from './compile-in-slices.ts';
import { ControlPlaneMetrics } from './metrics/control-plane-metrics.ts';
import type { MetricFamily } from './metrics/exposition.ts';
import type { PluginModuleProvider, ResolvedPluginModules } from './plugin-module-provider.ts';
import { findProxy, type ProxyLookup } from './proxy-lookup.ts';
import { type FindOrigin, formatOrigin, type Rejection, rejectionDiagnostic, rejectionsOf } from './rejections.ts';
import { type ProxySyncStatus, proxySyncStatus } from './sync-status.ts';
import { ThreadSlice } from './thread-slice.ts';

export interface ControlPlaneOptions {
  /** Where configuration comes from; of two sources that define the same object the first wins, and the second is reported. */
  readonly sources: readonly ConfigSource[];
  /** Settings of the mesh; what a MeshConfig among the sources says stands above them. */
  readonly settings?: Partial<MeshSettings>;
  /** Settings that stand above the MeshConfig. */
  readonly overrides?: Partial<MeshSettings>;
  /** Runs before a new snapshot is served, one at a time: the place to make room for what it needs. */
  readonly prepare?: (snapshot: MeshSnapshot) => Promise<void>;
  /** How a proxy's listeners are bound, when that is not the proxy's own business; undefined leaves it to its node metadata. */
  readonly bindingOf?: (node: ProxyNode) => ListenerBinding | undefined;
  /** Looks after the modules of WasmPlugins; without it data planes are told to read the files that their URLs name. Closed with the control plane. */
  readonly pluginModules?: PluginModuleProvider;
  readonly log?: (event: ControlPlaneEvent) => void;
  /** Bounds on what data planes may cost, where they are to differ from the discovery server's own. */
  readonly discoveryLimits?: Partial<DiscoveryLimits>;
}

/** Something that happened, for a log. Of a refusal it says which resources, and the objects, files and lines that made them. */
export interface ControlPlaneEvent extends DiscoveryEvent {
  readonly rejections?: readonly Rejection[];
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
  /** Which connected proxy a text means: its node id, NAME.NAMESPACE, NAME, or a prefix that only one has. */
  findProxy(text: string): ProxyLookup;
  /** What the proxy, by any text that {@link findProxy} understands, was sent: undefined if that is not exactly one. */
  configDump(proxy: string): ConfigDump | undefined;
  /** Every host of the mesh with its ports and endpoints, ordered by host. */
  services(): readonly ListedService[];
  /** What was counted since the start, and the present state in numbers. */
  metrics(): readonly MetricFamily[];
  /** Takes the sources' present state as soon as possible; they call it themselves when they change. Rejects if `prepare` does. */
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
  readonly #unsubscribe: readonly (() => void)[];
  readonly #metrics = new ControlPlaneMetrics();
  readonly #listeners = new Set<(snapshot: MeshSnapshot) => void>();
  /** Views in use with what they were last compiled to: the diagnostics of a view that nobody has any more go with it. */
  readonly #views = new Map<string, ServedView>();
  #selectorKeys: ReadonlySet<string> = new Set();
  #listed: { readonly snapshot: MeshSnapshot; readonly services: readonly ListedService[] } | undefined;
  /** What the snapshot was made of. */
  #taken: { readonly merged: MeshSnapshot; readonly plugins: ResolvedPluginModules | undefined } | undefined;
  #work: Promise<void> = Promise.resolve();
  #workQueued = false;
  #closed = false;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    const { settings = {}, overrides = {} } = options;
    this.#compiler = createCompiler({ settings, overrides });
    this.discovery = createDiscoveryServer({
      resolveView: (node) => this.#resolveView(node),
      compile: (view) => this.#compile(view),
      prepare: (view) => this.#prepare(view),
      observer: this.#metrics.observer,
      limits: options.discoveryLimits ?? {},
      log: (event) => options.log?.(this.#withOrigins(event)),
    });
    this.#merged = mergeSources(options.sources);
    const refresh = (): void => void this.#refreshOrTell();
    this.#unsubscribe = [
      this.#merged.subscribe(refresh),
      ...(options.pluginModules === undefined ? [] : [options.pluginModules.subscribe(refresh)]),
    ];
    this.started = this.#merged.ready.then(() => this.refresh());
  }

  refresh(): Promise<void> {
    // One update at a time; whatever changes meanwhile is taken together by the next.
    if (!this.#workQueued) {
      this.#workQueued = true;
      const previous = this.#work;
      this.#work = settled(previous).then(() => {
        this.#workQueued = false;
        return this.#apply();
      });
    }
    return this.#work;
  }

  /** A change that cannot be taken is told and costs only itself: the last snapshot goes on being served. */
  async #refreshOrTell(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      this.#options.log?.({ level: 'error', message: `a change was not applied: ${(error as Error).message}` });
    }
  }

  async #apply(): Promise<void> {
    await this.#merged.ready;
    if (this.#closed) return;
    const merged = this.#merged.current;
    const plugins = await this.#options.pluginModules?.resolve(merged);
    if (this.#closed) return;
    const taken = { merged, plugins };
    if (this.ready && merged === this.#taken?.merged && plugins === this.#taken.plugins) return;
    const snapshot =
      plugins === undefined
        ? merged
        : merged
            .withPluginModules(plugins.modules)
            .withDiagnostics(
              plugins.diagnostics.length === 0 ? merged.diagnostics : [...merged.diagnostics, ...plugins.diagnostics],
            );
    await this.#options.prepare?.(snapshot);
    if (this.#closed) return;
    await this.#compileAhead(snapshot);
    if (this.#closed) return;
    let startedAtMs = 0;
    const before = this.snapshot;
    // What proxies are told is paced by what telling them costs; whatever changes meanwhile is taken together by the next refresh.
    await this.discovery.scheduleUpdate(() => {
      startedAtMs = performance.now();
      this.snapshot = snapshot;
      this.#taken = taken;
      const selectorKeys = this.#compiler.selectorKeys(snapshot);
      // Which view a proxy belongs to is asked anew only if the answer may differ: it costs a look at every stream.
      const reclassify = this.#options.bindingOf !== undefined || !sameSet(this.#selectorKeys, selectorKeys);
      this.#selectorKeys = selectorKeys;
      this.#views.clear();
      return { reclassify };
    });
    this.#metrics.noteUpdate(before, snapshot, performance.now() - startedAtMs);
    this.ready = true;
    for (const listener of this.#listeners) listener(snapshot);
  }

  #resolveView(node: ProxyNode): View {
    const binding = this.#options.bindingOf?.(node);
    return viewOf(binding === undefined ? node : { ...node, binding }, this.#selectorKeys);
  }

  #compile(view: View): CompiledView {
    const { snapshot } = this;
    const served = this.#views.get(view.key);
    // Somebody joins while the next snapshot is being compiled: what is served is known.
    if (served?.snapshot === snapshot) return served.compiled;
    const compiled = this.#compiler.compile(snapshot, view);
    this.#views.set(view.key, { view, snapshot, compiled });
    return compiled;
  }

  /** Compiles for the views in use, so that the update finds it done. */
  async #compileAhead(snapshot: MeshSnapshot): Promise<void> {
    const slice = new ThreadSlice();
    for (const { view } of [...this.#views.values()]) {
      if (this.#closed) return;
      await compileInSlices(this.#compiler, () => snapshot, view, slice);
    }
  }

  /** The first proxy of its kind waits for its configuration; nobody else waits with it. */
  #prepare(view: View): Promise<void> | undefined {
    const slice = new ThreadSlice();
    if (this.#compiler.compileWithin(this.snapshot, view, () => slice.isSpent) !== undefined) return undefined;
    return compileInSlices(this.#compiler, () => this.snapshot, view, slice);
  }

  compileFor(node: ProxyNode): CompiledView {
    return this.#compiler.compile(this.snapshot, this.#resolveView(node));
  }

  diagnostics(): readonly Diagnostic[] {
    const found = [
      ...this.snapshot.diagnostics,
      ...[...this.#views.values()].flatMap(({ compiled }) => compiled.diagnostics),
      ...this.#rejections(),
    ].map((one) => this.snapshot.located(one));
    // Several views find the same thing wrong with an object.
    return [...new Map(found.map((one) => [formatDiagnostic(one), one])).values()].sort(compareDiagnostics);
  }

  /** What proxies refused, mapped back to the objects that made it. */
  #rejections(): readonly Diagnostic[] {
    return this.discovery
      .streams()
      .flatMap((stream) =>
        rejectionsOf(stream, this.#originOf).map((rejection) =>
          rejectionDiagnostic(stream.nodeId ?? stream.peer, rejection),
        ),
      );
  }

  readonly #originOf: FindOrigin = (viewKey, typeUrl, name, message) => {
    const compiled = viewKey === undefined ? undefined : this.#views.get(viewKey)?.compiled;
    const provenance = compiled?.provenance(typeUrl, name);
    const origin = provenance === undefined ? undefined : blamedOrigin(provenance, name, message);
    if (origin === undefined) return undefined;
    const range = this.snapshot.locate(origin.resource, origin.path);
    return { ...origin, ...(range === undefined ? {} : { range }) };
  };

  /** A refusal is logged with what made the resources. */
  #withOrigins(event: DiscoveryEvent): ControlPlaneEvent {
    const { rejected, viewKey, typeUrl } = event;
    if (rejected === undefined || typeUrl === undefined) return event;
    const label = RESOURCE_TYPES.find((type) => type.typeUrl === typeUrl)?.label ?? typeUrl;
    const rejections = rejected.names.map((name): Rejection => {
      const origin = this.#originOf(viewKey, typeUrl, name, rejected.reason);
      return { typeUrl, label, name, message: rejected.reason, ...(origin === undefined ? {} : { origin }) };
    });
    const what = rejections.map(
      ({ name, origin }) => `"${name}"${origin === undefined ? '' : ` (${formatOrigin(origin)})`}`,
    );
    return { ...event, rejections, message: `${label} ${what.join(', ')} was rejected: ${rejected.reason}` };
  }

  syncStatus(): readonly ProxySyncStatus[] {
    return this.discovery
      .streams()
      .flatMap((stream) => proxySyncStatus(stream, rejectionsOf(stream, this.#originOf)) ?? []);
  }

  findProxy(text: string): ProxyLookup {
    return findProxy(
      this.discovery.streams().flatMap(({ nodeId }) => nodeId ?? []),
      text,
    );
  }

  configDump(proxy: string): ConfigDump | undefined {
    const lookup = this.findProxy(proxy);
    return 'found' in lookup ? this.discovery.configDump(lookup.found) : undefined;
  }

  services(): readonly ListedService[] {
    const { snapshot } = this;
    if (this.#listed?.snapshot !== snapshot) this.#listed = { snapshot, services: this.#compiler.services(snapshot) };
    return this.#listed.services;
  }

  metrics(): readonly MetricFamily[] {
    return this.#metrics.collect({
      discovery: this.discovery,
      snapshot: this.snapshot,
      services: this.services(),
      diagnostics: this.diagnostics(),
      rejectionsOf: (stream) => rejectionsOf(stream, this.#originOf),
    });
  }

  subscribe(listener: (snapshot: MeshSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.discovery.close();
    await Promise.all([...this.#options.sources.map((source) => source.close()), this.#options.pluginModules?.close()]);
  }
}

/** A view with what its proxies are sent. */
interface ServedView {
  readonly view: View;
  readonly snapshot: MeshSnapshot;
  readonly compiled: CompiledView;
}

/** Resolves when the promise is settled, whichever way. */
async function settled(promise: Promise<unknown>): Promise<void> {
  await Promise.allSettled([promise]);
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a === b || (a.size === b.size && a.isSubsetOf(b));
}
