import { ipAddress } from '../../formats/ip-address.ts';
import { array, type Infer, inert, integer, map, object, required, string } from '../../schema.ts';
import { ResourceRequirements } from './compute-resources.ts';
import { ContainerStatus } from './container-status.ts';
import { Quantity } from './quantity.ts';

/** Kubernetes `core/v1 PodCondition`; a pod with condition `Ready` that is not `True` receives no traffic. */
const PodCondition = object({
  type: required(string()),
  status: required(string({ values: ['True', 'False', 'Unknown'] })),
  lastProbeTime: inert(string()),
  lastTransitionTime: inert(string()),
  message: inert(string()),
  observedGeneration: inert(integer()),
  reason: inert(string()),
});

const ContainerExtendedResourceRequest = object({
  containerName: required(string()),
  requestName: required(string()),
  resourceName: required(string()),
});

const PodExtendedResourceClaimStatus = object({
  requestMappings: required(array(ContainerExtendedResourceRequest)),
  resourceClaimName: required(string()),
});

const HostIP = object({
  ip: required(string()),
});

const NodeAllocatableResourceClaimStatus = object({
  containers: array(string()),
  resourceClaimName: required(string()),
  resources: required(map(Quantity)),
});

const PodIP = object({
  ip: required(string()),
});

const PodResourceClaimStatus = object({
  name: required(string()),
  resourceClaimName: string(),
});

/** Kubernetes `core/v1 PodStatus`: a mesh reads readiness and address. */
export const PodStatus = object({
  allocatedResources: inert(map(Quantity)),
  conditions: array(PodCondition),
  containerStatuses: inert(array(ContainerStatus)),
  ephemeralContainerStatuses: inert(array(ContainerStatus)),
  extendedResourceClaimStatus: inert(PodExtendedResourceClaimStatus),
  hostIP: inert(string()),
  hostIPs: inert(array(HostIP)),
  initContainerStatuses: inert(array(ContainerStatus)),
  message: inert(string()),
  nodeAllocatableResourceClaimStatuses: inert(array(NodeAllocatableResourceClaimStatus)),
  nominatedNodeName: inert(string()),
  observedGeneration: inert(integer()),
  phase: string({ values: ['Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'] }),
  podIP: string({ format: ipAddress, emptyIsAbsent: true }),
  podIPs: inert(array(PodIP)),
  qosClass: inert(string({ values: ['BestEffort', 'Burstable', 'Guaranteed'] })),
  reason: inert(string()),
  resize: inert(string()),
  resourceClaimStatuses: inert(array(PodResourceClaimStatus)),
  resources: inert(ResourceRequirements),
  startTime: inert(string()),
});
export type PodStatus = Infer<typeof PodStatus>;
