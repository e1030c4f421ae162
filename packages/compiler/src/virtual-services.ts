import { compareText } from '@heddle/model';
import { fullGatewayName, fullHost, MESH_GATEWAY } from './hosts/host-name.ts';
import { type Groups, groupItems, patchGroups } from './incremental/groups.ts';
import { changedItems } from './incremental/list-changes.ts';
import { patchSorted } from './incremental/sorted-list.ts';
import type { Continued, Memo } from './memo.ts';
import {
  type Age,
  ageOf,
  compareAge,
  type HttpMatch,
  namespaceOf,
  qualifiedName,
  type VirtualService,
} from './mesh-objects.ts';
import type { MeshSettings } from './settings.ts';
import { type Audience, audienceOf, someAreParticular, visibleObjects } from './visibility.ts';

/** A VirtualService with what it says about where it applies, all names in full. */
export interface VirtualServiceEntry {
  readonly virtualService: VirtualService;
  readonly namespace: string;
  /** `namespace/name`. */
  readonly name: string;
  readonly age: Age;
  readonly audience: Audience;
  /** Lower-case, each once, in the order written, with its position in `spec.hosts`. */
  readonly hosts: ReadonlyMap<string, number>;
  /** `namespace/name`, or `mesh`, with its position in `spec.gateways`; `mesh` alone if none is written. */
  readonly gateways: ReadonlyMap<string, number>;
  /** The label keys that its matches ask of the caller; undefined if no match asks who calls. */
  readonly sourceLabelKeys: readonly string[] | undefined;
}

/** Who sends the requests that a VirtualService routes, as far as it asks. */
export interface RouteSource {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The caller as an input of stages: JSON of a {@link RouteSource}, or empty if nobody asks. */
export function sourceInput(entry: VirtualServiceEntry, caller: RouteSource): string {
  if (entry.sourceLabelKeys === undefined) return '';
  const labels = entry.sourceLabelKeys.flatMap((key) => {
    const value = Object.hasOwn(caller.labels, key) ? caller.labels[key] : undefined;
    return value === undefined ? [] : [[key, value] as const];
  });
  return JSON.stringify({ namespace: caller.namespace, labels: Object.fromEntries(labels) } satisfies RouteSource);
}

export function virtualServiceEntry(
  _memo: Memo,
  virtualService: VirtualService,
  settings: MeshSettings,
): VirtualServiceEntry {
  const namespace = namespaceOf(virtualService);
  const { hosts = [], gateways = [] } = virtualService.spec;
  const bound = gateways.length === 0 ? [MESH_GATEWAY] : gateways;
  return {
    virtualService,
    namespace,
    name: qualifiedName(virtualService),
    age: ageOf(virtualService),
    audience: audienceOf(virtualService, settings.defaultVirtualServiceExportTo),
    hosts: firstPositions(hosts.map((host) => fullHost(host, namespace, settings.clusterDomain))),
    gateways: firstPositions(bound.map((name) => fullGatewayName(name, namespace))),
    sourceLabelKeys: sourceLabelKeys(virtualService),
  };
}

function sourceLabelKeys(virtualService: VirtualService): readonly string[] | undefined {
  const { http = [], tls = [], tcp = [] } = virtualService.spec;
  const matches = [...http, ...tls, ...tcp].flatMap(
    (rule): readonly Pick<HttpMatch, 'sourceLabels' | 'sourceNamespace'>[] => rule.match ?? [],
  );
  const asking = matches.filter((match) => match.sourceLabels !== undefined || match.sourceNamespace !== undefined);
  if (asking.length === 0) return undefined;
  return [...new Set(asking.flatMap((match) => Object.keys(match.sourceLabels ?? {})))].sort(compareText);
}

function firstPositions(names: readonly string[]): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  for (const [index, name] of names.entries()) if (!positions.has(name)) positions.set(name, index);
  return positions;
}

/** The VirtualServices of a mesh, or those that one namespace sees. */
export interface VirtualServiceIndex {
  /** In order of precedence: the oldest first, see {@link indexVirtualServices}. */
  readonly entries: readonly VirtualServiceEntry[];
  /** By the gateway they apply to, `mesh` included; in order of precedence. */
  readonly byGateway: ReadonlyMap<string, readonly VirtualServiceEntry[]>;
}

/** The VirtualServices that proxies of a namespace see. */
export function visibleVirtualServices(
  memo: Memo,
  all: readonly VirtualService[],
  namespace: string,
  settings: MeshSettings,
): VirtualServiceIndex {
  const byDefault = settings.defaultVirtualServiceExportTo;
  const visible = visibleObjects(memo, all, byDefault, namespace);
  // Only among objects for this namespace in particular does it matter whose proxies look.
  const particular = someAreParticular(memo, visible, byDefault);
  return memo.run(indexVirtualServices, visible, settings, particular ? namespace : undefined);
}

/**
 * Indexes VirtualServices from the oldest to the youngest. For proxies of a namespace go, before what everybody sees, first what stands in
 * that namespace and is not for everybody, then what others export to it by name (Istio's `VirtualServicesForGateway`).
 */
export function indexVirtualServices(
  memo: Memo,
  virtualServices: readonly VirtualService[],
  settings: MeshSettings,
  namespace: string | undefined,
): VirtualServiceIndex {
  return memo.evolve(indexEntries, memo.each(virtualServiceEntry, virtualServices, settings), namespace);
}

type EntryInputs = readonly [entries: readonly VirtualServiceEntry[], namespace: string | undefined];

function indexEntries(
  _memo: Memo,
  before: Continued<EntryInputs, VirtualServiceIndex & { readonly byGateway: Groups<VirtualServiceEntry> }> | undefined,
  given: readonly VirtualServiceEntry[],
  namespace: string | undefined,
): VirtualServiceIndex & { readonly byGateway: Groups<VirtualServiceEntry> } {
  const rank = (entry: VirtualServiceEntry): number =>
    namespace === undefined || entry.audience === 'everybody' ? 2 : entry.namespace === namespace ? 0 : 1;
  const compare = (a: VirtualServiceEntry, b: VirtualServiceEntry): number =>
    rank(a) - rank(b) || compareAge(a.age, b.age);
  if (before === undefined || before.inputs[1] !== namespace)
    return { entries: [...given].sort(compare), byGateway: groupItems(given, gatewaysOf, compare) };
  const { removed, added } = changedItems(before.inputs[0], given);
  return {
    entries: patchSorted(before.result.entries, removed, added, compare),
    byGateway: patchGroups(before.result.byGateway, removed, added, gatewaysOf, compare),
  };
}

const gatewaysOf = (entry: VirtualServiceEntry): Iterable<string> => entry.gateways.keys();
