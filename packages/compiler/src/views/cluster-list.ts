import type { Diagnostic } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import { alignLists } from '../incremental/list-changes.ts';
import type { Continued, Memo } from '../memo.ts';
import type { ClusterUse } from '../routes/route-list.ts';
import type { MeshSettings } from '../settings.ts';
import { upstreamSecrets } from './upstream-secrets.ts';
import {
  type ClusterAudience,
  clusterAudienceOf,
  clusterFor,
  selectionFor,
  type ViewCluster,
  type WorkloadSelection,
} from './view-clusters.ts';
import type { ViewScope, WorkloadLookup } from './view-scope.ts';

/** The clusters of a view with their endpoints. */
export interface ClusterList {
  readonly clusters: readonly CompiledResource[];
  readonly endpoints: readonly CompiledResource[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The clusters that a view uses, each once. */
export function clusterList(scope: ViewScope, uses: readonly ClusterUse[]): ClusterListWithSecrets {
  const audience = clusterAudienceOf(scope);
  const list = scope.memo.evolve(compileClusters, uses, scope.workloads, audience, scope.settings);
  const found = audience.abilities.upstreamTls ? upstreamSecrets(scope, uses) : NO_SECRETS;
  const { clusters, endpoints } = list;
  const diagnostics = found.diagnostics.length === 0 ? list.diagnostics : [...list.diagnostics, ...found.diagnostics];
  return { clusters, endpoints, secrets: found.secrets, diagnostics };
}

const NO_SECRETS = { secrets: [], diagnostics: [] } as const;

/** A list of clusters, and what their connections need. */
export interface ClusterListWithSecrets extends ClusterList {
  readonly secrets: readonly CompiledResource[];
}

type Inputs = readonly [
  uses: readonly ClusterUse[],
  workloads: WorkloadLookup,
  audience: ClusterAudience,
  settings: MeshSettings,
];

interface ClusterState extends ClusterList {
  /** One for each use. */
  readonly selections: readonly WorkloadSelection[];
  readonly built: readonly ViewCluster[];
}

function compileClusters(
  memo: Memo,
  before: Continued<Inputs, ClusterState> | undefined,
  uses: readonly ClusterUse[],
  workloads: WorkloadLookup,
  audience: ClusterAudience,
  settings: MeshSettings,
): ClusterState {
  const [knownUses, knownWorkloads, knownAudience, knownSettings] = before?.inputs ?? NOTHING_KNOWN;
  const comparable = audience === knownAudience && settings === knownSettings;
  const positions = comparable ? alignLists(knownUses, uses) : undefined;
  const selections: WorkloadSelection[] = [];
  const built: ViewCluster[] = [];
  let same = comparable && knownUses.length === uses.length;
  for (let at = 0; at < uses.length; at++) {
    const use = uses[at] as ClusterUse;
    const known = positions?.[at] ?? -1;
    const knownSelection = before?.result.selections[known];
    const knownCluster = before?.result.built[known];
    let selection = knownSelection;
    let cluster = knownCluster;
    if (knownSelection === undefined || knownCluster === undefined || workloads !== knownWorkloads) {
      const found = selectionFor(memo, workloads, use);
      const unchanged =
        knownSelection?.workloads === found.workloads && knownSelection.diagnostics === found.diagnostics;
      selection = unchanged ? knownSelection : found;
      if (!unchanged) cluster = clusterFor(memo, audience, use, found.workloads, found.diagnostics, settings);
    }
    selections.push(selection as WorkloadSelection);
    built.push(cluster as ViewCluster);
    same &&= cluster === before?.result.built[at];
  }
  if (same && before !== undefined) return { ...before.result, selections };
  const clusters: CompiledResource[] = [];
  const endpoints: CompiledResource[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const one of built) {
    if (one.cluster !== undefined) clusters.push(one.cluster);
    if (one.endpoints !== undefined) endpoints.push(one.endpoints);
    for (const found of one.diagnostics) diagnostics.push(found);
  }
  return { selections, built, clusters, endpoints, diagnostics };
}

const NOTHING_KNOWN: readonly [readonly ClusterUse[], undefined, undefined, undefined] = [
  [],
  undefined,
  undefined,
  undefined,
];
