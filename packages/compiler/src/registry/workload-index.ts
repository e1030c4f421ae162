import type { Diagnostic } from '@heddle/model';
import { compareRefs } from '@heddle/model';
import type { Memo } from '../memo.ts';
import { type Deployment, type Pod, selectsLabels } from '../mesh-objects.ts';
import { deploymentWorkload, podWorkload, type Workload } from './workload.ts';

/** The workloads of one namespace, found by label. */
export interface WorkloadIndex {
  /** Workloads that have all these labels, ordered by kind and name. */
  select(selector: Readonly<Record<string, string>>): readonly Workload[];
  /** What is wrong with the workloads' annotations. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Indexes the Pods and Deployments of one namespace. */
export function indexWorkloads(memo: Memo, pods: readonly Pod[], deployments: readonly Deployment[]): WorkloadIndex {
  const byLabel = new Map<string, Workload[]>();
  const diagnostics: Diagnostic[] = [];
  const results = [
    ...deployments.map((deployment) => memo.run(deploymentWorkload, deployment)),
    ...pods.map((pod) => memo.run(podWorkload, pod)),
  ];
  const workloads: Workload[] = [];
  for (const result of results) {
    diagnostics.push(...result.diagnostics);
    if (result.workload !== undefined) workloads.push(result.workload);
  }
  workloads.sort((a, b) => compareRefs(a.ref, b.ref));
  for (const workload of workloads) {
    for (const key in workload.labels) {
      const label = `${key}\0${workload.labels[key]}`;
      const members = byLabel.get(label);
      if (members === undefined) byLabel.set(label, [workload]);
      else members.push(workload);
    }
  }
  return {
    select(selector) {
      let candidates: readonly Workload[] | undefined;
      for (const key in selector) {
        const members = byLabel.get(`${key}\0${selector[key]}`) ?? [];
        if (candidates === undefined || members.length < candidates.length) candidates = members;
      }
      return (candidates ?? []).filter((workload) => selectsLabels(selector, workload.labels));
    },
    diagnostics,
  };
}
