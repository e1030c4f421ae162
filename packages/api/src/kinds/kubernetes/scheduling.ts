import { array, integer, object, required, string } from '../../schema.ts';
import { LabelSelector } from './label-selector.ts';

/*
 * Where pods run and when they start (Kubernetes `core/v1`): means nothing to a mesh, declared so that misspelt fields are found.
 */

const NodeSelectorRequirement = object({
  key: required(string()),
  operator: required(string({ values: ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'] })),
  values: array(string()),
});

const NodeSelectorTerm = object({
  matchExpressions: array(NodeSelectorRequirement),
  matchFields: array(NodeSelectorRequirement),
});

const PreferredSchedulingTerm = object({
  preference: required(NodeSelectorTerm),
  weight: required(integer()),
});

const NodeSelector = object({
  nodeSelectorTerms: required(array(NodeSelectorTerm)),
});

const NodeAffinity = object({
  preferredDuringSchedulingIgnoredDuringExecution: array(PreferredSchedulingTerm),
  requiredDuringSchedulingIgnoredDuringExecution: NodeSelector,
});

const PodAffinityTerm = object({
  labelSelector: LabelSelector,
  matchLabelKeys: array(string()),
  mismatchLabelKeys: array(string()),
  namespaceSelector: LabelSelector,
  namespaces: array(string()),
  topologyKey: required(string()),
});

const WeightedPodAffinityTerm = object({
  podAffinityTerm: required(PodAffinityTerm),
  weight: required(integer()),
});

const PodAffinity = object({
  preferredDuringSchedulingIgnoredDuringExecution: array(WeightedPodAffinityTerm),
  requiredDuringSchedulingIgnoredDuringExecution: array(PodAffinityTerm),
});

const PodAntiAffinity = object({
  preferredDuringSchedulingIgnoredDuringExecution: array(WeightedPodAffinityTerm),
  requiredDuringSchedulingIgnoredDuringExecution: array(PodAffinityTerm),
});

/** Kubernetes `core/v1 Affinity`. */
export const Affinity = object({
  nodeAffinity: NodeAffinity,
  podAffinity: PodAffinity,
  podAntiAffinity: PodAntiAffinity,
});

/** Kubernetes `core/v1 Toleration`. */
export const Toleration = object({
  effect: string({ values: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] }),
  key: string(),
  operator: string({ values: ['Equal', 'Exists', 'Gt', 'Lt'] }),
  tolerationSeconds: integer(),
  value: string(),
});

/** Kubernetes `core/v1 TopologySpreadConstraint`. */
export const TopologySpreadConstraint = object({
  labelSelector: LabelSelector,
  matchLabelKeys: array(string()),
  maxSkew: required(integer()),
  minDomains: integer(),
  nodeAffinityPolicy: string({ values: ['Honor', 'Ignore'] }),
  nodeTaintsPolicy: string({ values: ['Honor', 'Ignore'] }),
  topologyKey: required(string()),
  whenUnsatisfiable: required(string({ values: ['DoNotSchedule', 'ScheduleAnyway'] })),
});

/** Kubernetes `core/v1 PodReadinessGate`. */
export const PodReadinessGate = object({
  conditionType: required(string()),
});

/** Kubernetes `core/v1 PodSchedulingGate`. */
export const PodSchedulingGate = object({
  name: required(string()),
});

/** Kubernetes `core/v1 PodSchedulingGroup`. */
export const PodSchedulingGroup = object({
  podGroupName: string(),
});
