import type { KindDeclaration } from '../kind.ts';
import { PodSpec } from './kubernetes/pod-spec.ts';
import { PodStatus } from './kubernetes/pod-status.ts';

/** Kubernetes `core/v1 Pod` (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/). */
export const Pod: KindDeclaration<'Pod', PodSpec, PodStatus> = {
  kind: 'Pod',
  group: '',
  versions: ['v1'],
  scope: 'namespaced',
  plural: 'pods',
  appliedMetadata: ['labels', 'annotations', 'deletionTimestamp'],
  spec: PodSpec,
  status: PodStatus,
};
