import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '@heddle/envoy-api';
import {
  type CompiledView,
  compareDiagnostics,
  compareText,
  type Diagnostic,
  formatDiagnostic,
  type MeshSnapshot,
  type ResourceSet,
  type View,
  type XdsResource,
} from '@heddle/model';
import type { CompiledResource } from './compiled-resource.ts';
import { createMemo, type Memo, noMemo, sameItems } from './memo.ts';
import type { Gateway, VirtualService } from './mesh-objects.ts';
import { settingsOf } from './mesh-settings.ts';
import { type ListedService, listServices } from './service-listing.ts';
import type { MeshSettings } from './settings.ts';
import { compileGatewayView } from './views/gateway-view.ts';
import { compileSidecarView } from './views/sidecar-view.ts';
import type { ViewParts } from './views/view-parts.ts';
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
  /** The label keys that selectors mention: what tells classes of proxies apart. For `viewOf` of `@heddle/model`. */
  selectorKeys(snapshot: MeshSnapshot): ReadonlySet<string>;
  /** Every host of the mesh with its ports and endpoints, ordered by host; shares the cache with {@link compile}. */
  services(snapshot: MeshSnapshot): readonly ListedService[];
}

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
  const memo = options.cache === false ? noMemo : createMemo();
  const remembered = options.cache === false ? undefined : new Map<string, RememberedView>();

  return {
    compile(snapshot, view) {
      const previous = remembered?.get(view.key);
      if (previous?.snapshot !== undefined && previous.snapshot.sameObjects(snapshot)) return previous.compiled;
      const settings = settingsFor(snapshot);
      const scope = openScope(memo, snapshot, view, settings);
      const parts = view.type === 'router' ? compileGatewayView(scope) : compileSidecarView(scope);
      const next = assemble(snapshot, parts, settings, previous);
      if (remembered !== undefined) {
        // A Map keeps its keys in order of insertion: the first one is the view that was compiled longest ago.
        remembered.delete(view.key);
        remembered.set(view.key, next);
        const [oldest] = remembered.keys();
        if (remembered.size > MAX_REMEMBERED_VIEWS && oldest !== undefined) remembered.delete(oldest);
      }
      return next.compiled;
    },
    selectorKeys: (snapshot) =>
      memo.run(
        mentionedLabelKeys,
        listOf(snapshot, 'Gateway'),
        listOf(snapshot, 'VirtualService'),
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
  settings: MeshSettings,
): ReadonlySet<string> {
  const { entries } = memo.run(indexVirtualServices, virtualServices, settings, undefined);
  const keys = [
    ...gateways.flatMap((gateway) => Object.keys(gateway.spec.selector ?? {})),
    ...entries.flatMap((entry) => entry.sourceLabelKeys ?? []),
  ];
  return new Set(keys.sort(compareText));
}

interface RememberedView {
  readonly snapshot: MeshSnapshot;
  readonly compiled: CompiledView;
  readonly byType: ReadonlyMap<string, TypeParts>;
}

interface TypeParts {
  readonly compiled: readonly CompiledResource[];
  readonly resources: ReadonlyMap<string, XdsResource>;
}

/** The result, sharing with the view's previous one whatever is equal. */
function assemble(
  snapshot: MeshSnapshot,
  parts: ViewParts,
  settings: MeshSettings,
  previous: RememberedView | undefined,
): RememberedView {
  const diagnostics: Diagnostic[] = [...parts.diagnostics];
  const byType = new Map<string, TypeParts>();
  let resourcesSame = previous !== undefined;
  let partsSame = previous !== undefined;
  for (const [typeUrl, list] of [
    [LISTENER_TYPE_URL, parts.listeners],
    [ROUTE_CONFIGURATION_TYPE_URL, parts.routes],
    [CLUSTER_TYPE_URL, parts.clusters],
    [CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, parts.endpoints],
  ] as const) {
    const before = previous?.byType.get(typeUrl);
    const type = shareType(list, before);
    for (const { diagnostics: found } of type.compiled) diagnostics.push(...found);
    byType.set(typeUrl, type);
    resourcesSame &&= type.resources === before?.resources;
    partsSame &&= type.compiled === before?.compiled;
  }
  const shown = distinctDiagnostics(diagnostics);
  const same =
    previous !== undefined && resourcesSame && partsSame && sameDiagnostics(shown, previous.compiled.diagnostics);
  if (same) return { snapshot, compiled: previous.compiled, byType: previous.byType };
  const resources: ResourceSet =
    previous !== undefined && resourcesSame
      ? previous.compiled.resources
      : new Map([...byType].map(([typeUrl, type]) => [typeUrl, type.resources]));
  const compiled: CompiledView = {
    resources,
    diagnostics: shown,
    provenance: (typeUrl, name) =>
      byType
        .get(typeUrl)
        ?.compiled.find((candidate) => candidate.resource.name === name)
        ?.provenance(),
  };
  return { snapshot, compiled, byType };
}

function shareType(list: readonly CompiledResource[], before: TypeParts | undefined): TypeParts {
  const compiled = [...list].sort((a, b) => compareText(a.resource.name, b.resource.name));
  if (before !== undefined && sameItems(before.compiled, compiled)) return before;
  const resources = new Map<string, XdsResource>();
  let same = before !== undefined && before.resources.size === compiled.length;
  for (const { resource } of compiled) {
    const known = before?.resources.get(resource.name);
    const shared = known !== undefined && known.version === resource.version ? known : resource;
    same &&= shared === known;
    resources.set(resource.name, shared);
  }
  return { compiled, resources: same && before !== undefined ? before.resources : resources };
}

/** Each diagnostic once (several ports and hosts of a view meet the same mistakes), in the order in which they are shown. */
function distinctDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const distinct = new Map<string, Diagnostic>();
  for (const found of new Set(diagnostics)) distinct.set(formatDiagnostic(found), found);
  return [...distinct.values()].sort(compareDiagnostics);
}

function sameDiagnostics(a: readonly Diagnostic[], b: readonly Diagnostic[]): boolean {
  return a.length === b.length && a.every((found, index) => JSON.stringify(found) === JSON.stringify(b[index]));
}
