import { array, boolean, integer, map, object, required, string } from '../../schema.ts';
import { ResourceRequirements } from './compute-resources.ts';
import { Quantity } from './quantity.ts';

/*
 * What a cluster observes of containers (Kubernetes `core/v1 ContainerStatus`).
 */

const ResourceHealth = object({
  health: string(),
  message: string(),
  resourceID: required(string()),
});

const ResourceStatus = object({
  name: required(string()),
  resources: array(ResourceHealth),
});

const ContainerStateRunning = object({
  startedAt: string(),
});

const ContainerStateTerminated = object({
  containerID: string(),
  exitCode: required(integer()),
  finishedAt: string(),
  message: string(),
  reason: string(),
  signal: integer(),
  startedAt: string(),
});

const ContainerStateWaiting = object({
  message: string(),
  reason: string(),
});

const ContainerState = object({
  running: ContainerStateRunning,
  terminated: ContainerStateTerminated,
  waiting: ContainerStateWaiting,
});

const LinuxContainerUser = object({
  gid: required(integer()),
  supplementalGroups: array(integer()),
  uid: required(integer()),
});

const ContainerUser = object({
  linux: LinuxContainerUser,
});

const ImageVolumeStatus = object({
  imageRef: required(string()),
});

const VolumeStatus = object({
  image: ImageVolumeStatus,
});

const VolumeMountStatus = object({
  mountPath: required(string()),
  name: required(string()),
  readOnly: boolean(),
  recursiveReadOnly: string(),
  volumeStatus: VolumeStatus,
});

/** Kubernetes `core/v1 ContainerStatus`. */
export const ContainerStatus = object({
  allocatedResources: map(Quantity),
  allocatedResourcesStatus: array(ResourceStatus),
  containerID: string(),
  image: required(string()),
  imageID: required(string()),
  lastState: ContainerState,
  name: required(string()),
  ready: required(boolean()),
  resources: ResourceRequirements,
  restartCount: required(integer()),
  started: boolean(),
  state: ContainerState,
  stopSignal: string(),
  user: ContainerUser,
  volumeMounts: array(VolumeMountStatus),
});
