import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '@heddle/envoy-api';
import {
  type CompiledView,
  compareText,
  type Diagnostic,
  type MeshSnapshot,
  type ResourceSet,
  type XdsResource,
} from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import { listChanges } from '../incremental/list-changes.ts';
import { sameItems } from '../memo.ts';
import { distinctDiagnostics, sameDiagnostics } from './distinct-diagnostics.ts';
import type { ViewParts } from './view-parts.ts';

/** What a view was compiled to, and from which snapshot: the next compilation shares with it. */
export interface AssembledView {
  readonly snapshot: MeshSnapshot;
  readonly compiled: CompiledView;
  readonly byType: ReadonlyMap<string, TypeParts>;
  /** As found, repetitions included. */
  readonly found: readonly Diagnostic[];
}

/** The resources of one type. */
export interface TypeParts {
  /** In the order in which the view gave them. */
  readonly given: readonly CompiledResource[];
  /** Where each of `given` stands in `ordered`. */
  readonly ranks: Uint32Array;
  /** Ordered by name. */
  readonly ordered: readonly CompiledResource[];
  readonly resources: ReadonlyMap<string, XdsResource>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Types that several views have in common, by the list of their resources. */
export type SharedTypes = WeakMap<
  readonly CompiledResource[],
  // Not held: else each result would hold all that were before it.
  { readonly before: WeakRef<TypeParts> | undefined; readonly type: TypeParts }
>;

/** The result for a view, sharing with its previous one whatever is equal. What did not change costs comparisons of pointers. */
export function assembleView(
  snapshot: MeshSnapshot,
  parts: ViewParts,
  previous: AssembledView | undefined,
  sharedTypes: SharedTypes,
): AssembledView {
  const found: Diagnostic[] = [...parts.diagnostics];
  const byType = new Map<string, TypeParts>();
  let resourcesSame = previous !== undefined;
  let partsSame = previous !== undefined;
  for (const [typeUrl, list] of [
    [LISTENER_TYPE_URL, parts.listeners],
    [ROUTE_CONFIGURATION_TYPE_URL, parts.routes],
    [CLUSTER_TYPE_URL, parts.clusters],
    [CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, parts.endpoints],
    [SECRET_TYPE_URL, parts.secrets ?? []],
    [EXTENSION_CONFIG_TYPE_URL, parts.extensions],
  ] as const) {
    const before = previous?.byType.get(typeUrl);
    const type = assembleType(list, before, sharedTypes);
    for (const one of type.diagnostics) found.push(one);
    byType.set(typeUrl, type);
    resourcesSame &&= type.resources === before?.resources;
    partsSame &&= type === before;
  }
  const shown =
    previous !== undefined && sameItems(previous.found, found)
      ? previous.compiled.diagnostics
      : sharedDiagnostics(distinctDiagnostics(found), previous?.compiled.diagnostics);
  if (previous !== undefined && resourcesSame && partsSame && shown === previous.compiled.diagnostics)
    return { ...previous, snapshot, found };
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
        ?.ordered.find((candidate) => candidate.resource.name === name)
        ?.provenance(),
  };
  return { snapshot, compiled, byType, found };
}

/** The same for all views with the same list that had the same before: also what compares them by identity is spared. */
function assembleType(
  given: readonly CompiledResource[],
  before: TypeParts | undefined,
  sharedTypes: SharedTypes,
): TypeParts {
  if (before !== undefined && sameItems(before.given, given)) return before;
  const known = sharedTypes.get(given);
  if (known !== undefined && (before === undefined || known.before?.deref() === before)) return known.type;
  const type = (before === undefined ? undefined : patchType(given, before)) ?? orderType(given, before);
  sharedTypes.set(given, { before: before === undefined ? undefined : new WeakRef(before), type });
  return type;
}

/** Resources of the same names in the same order, some of them different: undefined if that is not so. */
function patchType(given: readonly CompiledResource[], before: TypeParts): TypeParts | undefined {
  // Of several resources with one name the last counts, wherever the changed one stands.
  if (given.length !== before.given.length || given.length !== before.resources.size) return undefined;
  const positions: number[] = [];
  for (const { startAfter, endAfter } of listChanges(before.given, given)) {
    for (let at = startAfter; at < endAfter; at++) {
      if (given[at]?.resource.name !== before.given[at]?.resource.name) return undefined;
      positions.push(at);
    }
  }
  const ordered = [...before.ordered];
  let resources: Map<string, XdsResource> | undefined;
  let diagnosed = false;
  for (const at of positions) {
    const [was, is] = [before.given[at] as CompiledResource, given[at] as CompiledResource];
    ordered[before.ranks[at] as number] = is;
    diagnosed ||= was.diagnostics.length + is.diagnostics.length > 0;
    if (before.resources.get(is.resource.name)?.version === is.resource.version) continue;
    resources ??= new Map(before.resources);
    resources.set(is.resource.name, is.resource);
  }
  return {
    given,
    ranks: before.ranks,
    ordered,
    resources: resources ?? before.resources,
    diagnostics: diagnosed ? diagnosticsOf(ordered) : before.diagnostics,
  };
}

function orderType(given: readonly CompiledResource[], before: TypeParts | undefined): TypeParts {
  const positions = Array.from(given, (_, index) => index).sort((a, b) =>
    compareText((given[a] as CompiledResource).resource.name, (given[b] as CompiledResource).resource.name),
  );
  const ranks = new Uint32Array(given.length);
  for (const [rank, position] of positions.entries()) ranks[position] = rank;
  const ordered = positions.map((position) => given[position] as CompiledResource);
  const resources = new Map<string, XdsResource>();
  let same = before !== undefined && before.resources.size === ordered.length;
  for (const { resource } of ordered) {
    const known = before?.resources.get(resource.name);
    const shared = known !== undefined && known.version === resource.version ? known : resource;
    same &&= shared === known;
    resources.set(resource.name, shared);
  }
  return {
    given,
    ranks,
    ordered,
    resources: same && before !== undefined ? before.resources : resources,
    diagnostics: diagnosticsOf(ordered),
  };
}

function diagnosticsOf(ordered: readonly CompiledResource[]): readonly Diagnostic[] {
  return ordered.flatMap(({ diagnostics }) => diagnostics);
}

function sharedDiagnostics(
  shown: readonly Diagnostic[],
  before: readonly Diagnostic[] | undefined,
): readonly Diagnostic[] {
  return before !== undefined && sameDiagnostics(shown, before) ? before : shown;
}
