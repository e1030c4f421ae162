import { type CompiledView, compareText, type MeshSnapshot, type View } from '@heddle/model';
import { withDelegates } from './delegates/delegation.ts';
import { createMemo, type Interruption, type Memo, noMemo, SliceSpent } from './memo.ts';
import type { Gateway, Service, Sidecar, VirtualService, WasmPlugin } from './mesh-objects.ts';
import { settingsOf } from './mesh-settings.ts';
import { type ListedService, listServices } from './service-listing.ts';
import type { MeshSettings } from './settings.ts';
import { type AssembledView, assembleView, type SharedTypes } from './views/assemble-view.ts';
import { compileGatewayView } from './views/gateway-view.ts';
import { compileSidecarView } from './views/sidecar-view.ts';
import { listOf, openScope } from './views/view-scope.ts';
import { indexVirtualServices } from './virtual-services.ts';

/** See {@link createCompiler}. */
export interface CompilerOptions {
  /** Keep the results of stages between compilations; true unless told otherwise. Changes time and identity, never bytes. */
  readonly cache?: boolean;
  /** Settings for the whole mesh that differ from {@link defaultMeshSettings}; what a MeshConfig says stands above them. */
  readonly settings?: Partial<MeshSettings>;
  /** Settings that stand above the MeshConfig, such as a command's flags. */
  readonly overrides?: Partial<MeshSettings>;
}

/** See {@link createCompiler}. */
export interface Compiler {
  /**
   * What the proxies of a view should be sent, and what is wrong with the configuration from where they stand. Never throws for what a
   * user wrote. Diagnostics have no file positions: `MeshSnapshot.located` adds them.
   *
   * With the cache, identity means "unchanged" between two calls for an equal view: a resource whose bytes are the same is the same
   * object, a type without changes the same Map, and a view without changes the same CompiledView.
   */
  compile(snapshot: MeshSnapshot, view: View): CompiledView;
  /**
   * The same for threads that serve others too: begins, and stops with undefined when `isSpent` says so. What was done is kept: called again, it
   * goes on from there, and gets further each time. Without a cache it does not stop.
   * See docs/decisions/0023-long-work-in-slices.md.
   */
  compileWithin(snapshot: MeshSnapshot, view: View, isSpent: () => boolean): CompiledView | undefined;
  /** The label keys that selectors mention: what tells classes of proxies apart. For `viewOf` of `@heddle/model`. */
  selectorKeys(snapshot: MeshSnapshot): ReadonlySet<string>;
  /** Every host of the mesh with its ports and endpoints, ordered by host; shares the cache with {@link compile}. */
  services(snapshot: MeshSnapshot): readonly ListedService[];
}

/** After so many attempts to compile the same view one more request to stop is passed over. */
const ATTEMPTS_PER_SPARED = 8;

/** How many views' last results are kept to share with the next ones. */
const MAX_REMEMBERED_VIEWS = 4_096;

/**
 * A compiler from configuration to Envoy's resources. Pure but for its cache: no clock, network, randomness or environment.
 *
 * @example
 * const compiler = createCompiler();
 * const view = viewOf(node, compiler.selectorKeys(snapshot));
 * const { resources, diagnostics } = compiler.compile(snapshot, view);
 */
export function createCompiler(options: CompilerOptions = {}): Compiler {
  const settingsFor = settingsOf(options.settings, options.overrides, { cache: options.cache !== false });
  const interruption: Interruption = { isSpent: undefined };
  const memo = options.cache === false ? noMemo : createMemo(interruption);
  const remembered = options.cache === false ? undefined : new Map<string, AssembledView>();

  const sharedTypes: SharedTypes = new WeakMap();

  const compile = (snapshot: MeshSnapshot, view: View): CompiledView => {
    const previous = remembered?.get(view.key);
    if (previous?.snapshot !== undefined && previous.snapshot.sameObjects(snapshot)) return previous.compiled;
    const settings = settingsFor(snapshot);
    const scope = openScope(memo, snapshot, view, settings);
    const parts = view.type === 'router' ? compileGatewayView(scope) : compileSidecarView(scope);
    const next = assembleView(snapshot, parts, previous, remembered === undefined ? new WeakMap() : sharedTypes);
    if (remembered !== undefined) {
      // A Map keeps its keys in order of insertion: the first one is the view that was compiled longest ago.
      remembered.delete(view.key);
      remembered.set(view.key, next);
      const [oldest] = remembered.keys();
      if (remembered.size > MAX_REMEMBERED_VIEWS && oldest !== undefined) remembered.delete(oldest);
    }
    return next.compiled;
  };

  let begun: { readonly snapshot?: MeshSnapshot; readonly viewKey?: string; attempts: number } = { attempts: 0 };

  return {
    compile,
    compileWithin(snapshot, view, isSpent) {
      if (begun.snapshot !== snapshot || begun.viewKey !== view.key)
        begun = { snapshot, viewKey: view.key, attempts: 0 };
      // A stage whose inputs are new each time is run in each attempt: not even with many of these does it stop at the same place for ever.
      let spared = Math.floor(begun.attempts++ / ATTEMPTS_PER_SPARED);
      interruption.isSpent = () => isSpent() && spared-- <= 0;
      try {
        return compile(snapshot, view);
      } catch (error) {
        if (error instanceof SliceSpent) return undefined;
        throw error;
      } finally {
        interruption.isSpent = undefined;
      }
    },
    selectorKeys: (snapshot) =>
      memo.run(
        mentionedLabelKeys,
        listOf(snapshot, 'Gateway'),
        listOf(snapshot, 'VirtualService'),
        listOf(snapshot, 'Service'),
        listOf(snapshot, 'Sidecar'),
        listOf(snapshot, 'WasmPlugin'),
        settingsFor(snapshot),
      ),
    services: (snapshot) => listServices(memo, snapshot, settingsFor(snapshot)),
  };
}

/** Compiles one view once, without a cache. */
export function compile(
  snapshot: MeshSnapshot,
  view: View,
  options: Omit<CompilerOptions, 'cache'> = {},
): CompiledView {
  return createCompiler({ ...options, cache: false }).compile(snapshot, view);
}

function mentionedLabelKeys(
  memo: Memo,
  gateways: readonly Gateway[],
  virtualServices: readonly VirtualService[],
  services: readonly Service[],
  sidecars: readonly Sidecar[],
  plugins: readonly WasmPlugin[],
  settings: MeshSettings,
): ReadonlySet<string> {
  const { entries } = memo.run(
    indexVirtualServices,
    memo.run(withDelegates, virtualServices, settings),
    settings,
    undefined,
  );
  const keys = [
    ...gateways.flatMap((gateway) => Object.keys(gateway.spec.selector ?? {})),
    ...entries.flatMap((entry) => entry.sourceLabelKeys ?? []),
    ...memo.run(selectedLabelKeys, services),
    ...sidecars.flatMap(({ spec }) => Object.keys(spec.workloadSelector?.labels ?? {})),
    ...plugins.flatMap(({ spec }) => Object.keys(spec.selector?.matchLabels ?? {})),
  ];
  return new Set(keys.sort(compareText));
}

/** Which services a workload serves decides what its sidecar listens for. */
function selectedLabelKeys(_memo: Memo, services: readonly Service[]): readonly string[] {
  return [...new Set(services.flatMap(({ spec }) => Object.keys(spec.selector ?? {})))];
}
