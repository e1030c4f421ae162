import { array, boolean, type Infer, inert, integer, map, object, required, string } from '../../schema.ts';
import { ResourceRequirements } from './compute-resources.ts';
import { Container, EphemeralContainer } from './container.ts';
import { Quantity } from './quantity.ts';
import { LocalObjectReference } from './remote-volumes.ts';
import {
  Affinity,
  PodReadinessGate,
  PodSchedulingGate,
  PodSchedulingGroup,
  Toleration,
  TopologySpreadConstraint,
} from './scheduling.ts';
import { PodSecurityContext } from './security-context.ts';
import { Volume } from './volumes.ts';

const PodDnsConfigOption = object({
  name: string(),
  value: string(),
});

const PodDnsConfig = object({
  nameservers: array(string()),
  options: array(PodDnsConfigOption),
  searches: array(string()),
});

const HostAlias = object({
  hostnames: array(string()),
  ip: required(string()),
});

const PodOS = object({
  name: required(string()),
});

const PodResourceClaim = object({
  name: required(string()),
  resourceClaimName: string(),
  resourceClaimTemplateName: string(),
});

/** Kubernetes `core/v1 PodSpec`. A mesh reads the containers' ports. */
export const PodSpec = object({
  activeDeadlineSeconds: inert(integer()),
  affinity: inert(Affinity),
  automountServiceAccountToken: inert(boolean()),
  containers: required(array(Container, { minItems: 1 })),
  dnsConfig: inert(PodDnsConfig),
  dnsPolicy: inert(string({ values: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] })),
  enableServiceLinks: inert(boolean()),
  ephemeralContainers: inert(array(EphemeralContainer)),
  hostAliases: inert(array(HostAlias)),
  hostIPC: inert(boolean()),
  hostNetwork: inert(boolean()),
  hostPID: inert(boolean()),
  hostUsers: inert(boolean()),
  hostname: inert(string()),
  hostnameOverride: inert(string()),
  imagePullSecrets: inert(array(LocalObjectReference)),
  initContainers: inert(array(Container)),
  nodeName: inert(string()),
  nodeSelector: inert(map(string())),
  os: inert(PodOS),
  overhead: inert(map(Quantity)),
  preemptionPolicy: inert(string({ values: ['Never', 'PreemptLowerPriority'] })),
  priority: inert(integer()),
  priorityClassName: inert(string()),
  readinessGates: inert(array(PodReadinessGate)),
  resourceClaims: inert(array(PodResourceClaim)),
  resources: inert(ResourceRequirements),
  restartPolicy: inert(string({ values: ['Always', 'Never', 'OnFailure'] })),
  runtimeClassName: inert(string()),
  schedulerName: inert(string()),
  schedulingGates: inert(array(PodSchedulingGate)),
  schedulingGroup: inert(PodSchedulingGroup),
  securityContext: inert(PodSecurityContext),
  serviceAccount: inert(string()),
  serviceAccountName: inert(string()),
  setHostnameAsFQDN: inert(boolean()),
  shareProcessNamespace: inert(boolean()),
  subdomain: inert(string()),
  terminationGracePeriodSeconds: inert(integer()),
  tolerations: inert(array(Toleration)),
  topologySpreadConstraints: inert(array(TopologySpreadConstraint)),
  volumes: inert(array(Volume)),
});
export type PodSpec = Infer<typeof PodSpec>;
