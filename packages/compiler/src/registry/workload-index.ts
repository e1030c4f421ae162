import type { Diagnostic } from '@heddle/model';
import { compareRefs, selectsLabels } from '@heddle/model';
import { type Groups, groupItems, patchGroups } from '../incremental/groups.ts';
import { changedItems } from '../incremental/list-changes.ts';
import type { Continued, Memo } from '../memo.ts';
import type { Deployment, Pod } from '../mesh-objects.ts';
import { deploymentWorkload, podWorkload, type Workload, type WorkloadResult } from './workload.ts';

/** The workloads of one namespace, found by label. */
export interface WorkloadIndex {
  /**
   * Workloads that have all these labels, ordered by kind and name. For a single label the same list as long as none of them changes.
   */
  select(selector: Readonly<Record<string, string>>): readonly Workload[];
  /** What is wrong with the workloads' annotations. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Indexes the Pods and Deployments of one namespace. */
export function indexWorkloads(memo: Memo, pods: readonly Pod[], deployments: readonly Deployment[]): WorkloadIndex {
  const ofDeployments = memo.each(deploymentWorkload, deployments);
  return memo.evolve(indexResults, memo.each(podWorkload, pods), ofDeployments);
}

interface LabelIndex extends WorkloadIndex {
  readonly byLabel: Groups<Workload>;
}

type ResultInputs = readonly [ofPods: readonly WorkloadResult[], ofDeployments: readonly WorkloadResult[]];

function indexResults(
  _memo: Memo,
  before: Continued<ResultInputs, LabelIndex> | undefined,
  ofPods: readonly WorkloadResult[],
  ofDeployments: readonly WorkloadResult[],
): LabelIndex {
  if (before === undefined) {
    const results = [...ofDeployments, ...ofPods];
    const byLabel = groupItems(results.flatMap(workloadOf), labelsOf, compareWorkloads);
    return labelIndex(byLabel, diagnosticsOf(results));
  }
  const pods = changedItems(before.inputs[0], ofPods);
  const deployments = changedItems(before.inputs[1], ofDeployments);
  const removed = [...deployments.removed, ...pods.removed];
  const added = [...deployments.added, ...pods.added];
  const byLabel = patchGroups(
    before.result.byLabel,
    removed.flatMap(workloadOf),
    added.flatMap(workloadOf),
    labelsOf,
    compareWorkloads,
  );
  const diagnosed = [...removed, ...added].some((result) => result.diagnostics.length > 0);
  return labelIndex(byLabel, diagnosed ? diagnosticsOf([...ofDeployments, ...ofPods]) : before.result.diagnostics);
}

function workloadOf({ workload }: WorkloadResult): readonly Workload[] {
  return workload === undefined ? [] : [workload];
}

function diagnosticsOf(results: readonly WorkloadResult[]): readonly Diagnostic[] {
  return results.flatMap((result) => result.diagnostics);
}

function labelsOf({ labels }: Workload): readonly string[] {
  return Object.entries(labels).map(([key, value]) => labelKey(key, value));
}

function labelKey(key: string, value: string | undefined): string {
  return `${key}\0${value}`;
}

function compareWorkloads(a: Workload, b: Workload): number {
  return compareRefs(a.ref, b.ref);
}

function labelIndex(byLabel: Groups<Workload>, diagnostics: readonly Diagnostic[]): LabelIndex {
  return {
    byLabel,
    select(selector) {
      let candidates: readonly Workload[] | undefined;
      let labels = 0;
      for (const key in selector) {
        labels += 1;
        const members = byLabel.get(labelKey(key, selector[key])) ?? NOBODY;
        if (candidates === undefined || members.length < candidates.length) candidates = members;
      }
      if (labels === 1) return candidates ?? NOBODY;
      return (candidates ?? NOBODY).filter((workload) => selectsLabels(selector, workload.labels));
    },
    diagnostics,
  };
}

const NOBODY: readonly Workload[] = [];
