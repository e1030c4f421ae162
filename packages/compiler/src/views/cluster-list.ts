import type { Diagnostic } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import { alignLists } from '../incremental/list-changes.ts';
import type { Continued, Memo } from '../memo.ts';
import type { Workload } from '../registry/workload.ts';
import type { ClusterUse } from '../routes/route-list.ts';
import type { MeshSettings } from '../settings.ts';
import {
  type ClusterAudience,
  clusterAudienceOf,
  clusterFor,
  selectionFor,
  type ViewCluster,
} from './view-clusters.ts';
import type { ViewScope } from './view-scope.ts';

/** The clusters of a view with their endpoints. */
export interface ClusterList {
  readonly clusters: readonly CompiledResource[];
  readonly endpoints: readonly CompiledResource[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The clusters that a view uses, each once. */
export function clusterList(scope: ViewScope, uses: readonly ClusterUse[]): ClusterList {
  const { memo, settings } = scope;
  const workloads: (readonly Workload[])[] = [];
  const workloadDiagnostics: (readonly Diagnostic[])[] = [];
  for (const use of uses) {
    const selection = selectionFor(scope, use);
    workloads.push(selection.workloads);
    workloadDiagnostics.push(selection.diagnostics);
  }
  return memo.evolve(compileClusters, uses, workloads, workloadDiagnostics, clusterAudienceOf(scope), settings);
}

type Inputs = readonly [
  uses: readonly ClusterUse[],
  workloads: readonly (readonly Workload[])[],
  workloadDiagnostics: readonly (readonly Diagnostic[])[],
  audience: ClusterAudience,
  settings: MeshSettings,
];

interface ClusterState extends ClusterList {
  /** One for each use. */
  readonly built: readonly ViewCluster[];
}

function compileClusters(
  memo: Memo,
  before: Continued<Inputs, ClusterState> | undefined,
  uses: readonly ClusterUse[],
  workloads: readonly (readonly Workload[])[],
  workloadDiagnostics: readonly (readonly Diagnostic[])[],
  audience: ClusterAudience,
  settings: MeshSettings,
): ClusterState {
  const comparable = before !== undefined && before.inputs[3] === audience && before.inputs[4] === settings;
  const positions = comparable ? alignLists(before.inputs[0], uses) : undefined;
  const built: ViewCluster[] = [];
  let same = comparable && before.inputs[0].length === uses.length;
  for (let at = 0; at < uses.length; at++) {
    const known = positions?.[at] ?? -1;
    const [selected, found] = [workloads[at] as readonly Workload[], workloadDiagnostics[at] as readonly Diagnostic[]];
    const unchanged =
      known >= 0 && before?.inputs[1][known] === selected && before.inputs[2][known] === found
        ? before.result.built[known]
        : undefined;
    const cluster = unchanged ?? clusterFor(memo, audience, uses[at] as ClusterUse, selected, found, settings);
    same &&= cluster === before?.result.built[at];
    built.push(cluster);
  }
  if (same && before !== undefined) return before.result;
  const clusters: CompiledResource[] = [];
  const endpoints: CompiledResource[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const one of built) {
    if (one.cluster !== undefined) clusters.push(one.cluster);
    if (one.endpoints !== undefined) endpoints.push(one.endpoints);
    for (const found of one.diagnostics) diagnostics.push(found);
  }
  return { built, clusters, endpoints, diagnostics };
}
