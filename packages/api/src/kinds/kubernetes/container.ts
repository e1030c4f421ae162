import { dnsLabel } from '../../formats/dns-name.ts';
import { array, boolean, type Infer, inert, integer, object, required, string } from '../../schema.ts';
import { portNumber } from '../destination.ts';
import { portName } from '../port-name.ts';
import { ResourceRequirements } from './compute-resources.ts';
import { EnvFromSource, EnvVar } from './environment.ts';
import { Lifecycle, Probe } from './probe.ts';
import { SecurityContext } from './security-context.ts';

/*
 * Containers of a pod (Kubernetes `core/v1 Container`). A mesh reads their ports; local workloads read the image and probes too.
 */

/** Kubernetes `core/v1 ContainerPort`. */
export const ContainerPort = object({
  containerPort: required(portNumber),
  name: string({ format: portName, emptyIsAbsent: true, doc: 'What a Service may name as its target port.' }),
  protocol: string({ values: ['SCTP', 'TCP', 'UDP'], doc: 'TCP if absent; a mesh carries TCP only.' }),
  hostIP: inert(string()),
  hostPort: inert(integer({ minimum: 0, maximum: 65535 })),
});
export type ContainerPort = Infer<typeof ContainerPort>;

const ContainerResizePolicy = object({
  resourceName: required(string()),
  restartPolicy: required(string()),
});

const ContainerRestartRuleOnExitCodes = object({
  operator: required(string()),
  values: array(integer()),
});

const ContainerRestartRule = object({
  action: required(string()),
  exitCodes: ContainerRestartRuleOnExitCodes,
});

const VolumeDevice = object({
  devicePath: required(string()),
  name: required(string()),
});

const VolumeMount = object({
  mountPath: required(string()),
  mountPropagation: string({ values: ['Bidirectional', 'HostToContainer', 'None'] }),
  name: required(string()),
  readOnly: boolean(),
  recursiveReadOnly: string(),
  subPath: string(),
  subPathExpr: string(),
});

const containerFields = {
  args: inert(array(string())),
  command: inert(array(string())),
  env: inert(array(EnvVar)),
  envFrom: inert(array(EnvFromSource)),
  image: inert(string({ doc: 'Read by local workloads.' })),
  imagePullPolicy: inert(string({ values: ['Always', 'IfNotPresent', 'Never'] })),
  lifecycle: inert(Lifecycle),
  livenessProbe: inert(Probe),
  name: required(inert(string({ format: dnsLabel }))),
  ports: array(ContainerPort),
  readinessProbe: inert(Probe),
  resizePolicy: inert(array(ContainerResizePolicy)),
  resources: inert(ResourceRequirements),
  restartPolicy: inert(string()),
  restartPolicyRules: inert(array(ContainerRestartRule)),
  securityContext: inert(SecurityContext),
  startupProbe: inert(Probe),
  stdin: inert(boolean()),
  stdinOnce: inert(boolean()),
  terminationMessagePath: inert(string()),
  terminationMessagePolicy: inert(string({ values: ['FallbackToLogsOnError', 'File'] })),
  tty: inert(boolean()),
  volumeDevices: inert(array(VolumeDevice)),
  volumeMounts: inert(array(VolumeMount)),
  workingDir: inert(string()),
} as const;

/** Kubernetes `core/v1 Container`. */
export const Container = object(containerFields);
export type Container = Infer<typeof Container>;

/** Kubernetes `core/v1 EphemeralContainer`: one that was added to a running pod to look inside. */
export const EphemeralContainer = object({ ...containerFields, targetContainerName: string() });
