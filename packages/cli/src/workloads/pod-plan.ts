import type { ObjectOf } from '@heddle/api';
import {
  ADDRESS_ANNOTATION,
  BOUND_PORTS_ANNOTATION,
  type Diagnostic,
  diagnostic,
  type FieldPath,
  refOf,
} from '@heddle/model';

/** `heddle.dev/run.CONTAINER: COMMAND` on a pod (template): the local command that stands for the container's image. */
export const RUN_ANNOTATION_PREFIX = 'heddle.dev/run.';

/** How many pods one Deployment may start on a laptop. */
const MAX_LOCAL_REPLICAS = 5;

/** A pod to be run as local processes, one for each container. Equal plans need no restart: compare with {@link samePlan}. */
export interface PodPlan {
  readonly namespace: string;
  readonly name: string;
  /** What it is one of: its Deployment; itself, without one. */
  readonly workload: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccountName?: string;
  readonly containers: readonly ContainerPlan[];
  /** Folder that commands are run in. */
  readonly folder: string;
}

export interface ContainerPlan {
  readonly name: string;
  readonly image: string;
  readonly ports: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly env: Readonly<Record<string, string>>;
  readonly runs: ContainerProcess;
  readonly probe: ReadinessProbe;
}

/**
 * What stands for a container's image: the user's own command, a real nginx found on PATH, or a stand-in process that says what it
 * stands for.
 */
export type ContainerProcess =
  | { readonly type: 'command'; readonly command: string }
  | { readonly type: 'nginx'; readonly path: string }
  | { readonly type: 'stand-in' };

/** When a container counts as ready: its HTTP probe answers below 400, or its port accepts connections, or at once without ports. */
export type ReadinessProbe =
  | { readonly type: 'http'; readonly path: string; readonly containerPort: number }
  | { readonly type: 'tcp'; readonly containerPort: number }
  | { readonly type: 'none' };

/** Plans with equal content run the same processes. */
export function samePlan(a: PodPlan, b: PodPlan): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

type Deployment = ObjectOf<'Deployment'>;
type Pod = ObjectOf<'Pod'>;
type PodSpec = NonNullable<Pod['spec']>;
type Container = PodSpec['containers'][number];

/** What planning may ask of the machine. */
export interface PlanningContext {
  /** The real nginx, if one is installed. */
  readonly nginxPath: string | undefined;
  /** The folder of the file that an object was read from. */
  folderOf(object: Deployment | Pod): string;
}

/** Plans the pods of a Deployment: its replicas, unless its template says that it already runs somewhere. */
export function planDeployment(
  deployment: Deployment,
  context: PlanningContext,
): { readonly pods: readonly PodPlan[]; readonly diagnostics: readonly Diagnostic[] } {
  const { template, replicas = 1 } = deployment.spec;
  const annotations = template.metadata?.annotations ?? {};
  if (annotations[ADDRESS_ANNOTATION] !== undefined || template.spec === undefined)
    return { pods: [], diagnostics: [] };
  const resource = refOf(deployment);
  const diagnostics: Diagnostic[] = [];
  if (replicas > MAX_LOCAL_REPLICAS) {
    diagnostics.push(
      diagnostic('HED401', {
        resource,
        path: ['spec', 'replicas'],
        message: `found ${replicas} replicas; ${MAX_LOCAL_REPLICAS} run on this machine`,
      }),
    );
  }
  const planned = planContainers(template.spec, annotations, context, resource, [
    'spec',
    'template',
    'spec',
    'containers',
  ]);
  diagnostics.push(...planned.diagnostics);
  const pods = Array.from({ length: Math.min(replicas, MAX_LOCAL_REPLICAS) }, (_, index) => ({
    namespace: deployment.metadata.namespace ?? 'default',
    name: `${deployment.metadata.name}-${index}`,
    workload: deployment.metadata.name ?? '',
    labels: template.metadata?.labels ?? {},
    annotations,
    ...(template.spec?.serviceAccountName === undefined
      ? {}
      : { serviceAccountName: template.spec.serviceAccountName }),
    containers: planned.containers,
    folder: context.folderOf(deployment),
  }));
  return { pods, diagnostics };
}

/** Plans a Pod that a file declares, unless it says that it already runs somewhere. */
export function planPod(
  pod: Pod,
  context: PlanningContext,
): { readonly pods: readonly PodPlan[]; readonly diagnostics: readonly Diagnostic[] } {
  const annotations = pod.metadata.annotations ?? {};
  const runs = annotations[ADDRESS_ANNOTATION] !== undefined || pod.status?.podIP !== undefined;
  if (runs) return { pods: [], diagnostics: [] };
  const planned = planContainers(pod.spec, annotations, context, refOf(pod), ['spec', 'containers']);
  const { serviceAccountName } = pod.spec;
  return {
    pods: [
      {
        namespace: pod.metadata.namespace ?? 'default',
        name: pod.metadata.name ?? '',
        workload: pod.metadata.name ?? '',
        labels: pod.metadata.labels ?? {},
        annotations,
        ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
        containers: planned.containers,
        folder: context.folderOf(pod),
      },
    ],
    diagnostics: planned.diagnostics,
  };
}

function planContainers(
  spec: PodSpec,
  annotations: Readonly<Record<string, string>>,
  context: PlanningContext,
  resource: Diagnostic['resource'] & object,
  path: FieldPath,
): { readonly containers: readonly ContainerPlan[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const containers = spec.containers.map((container, index): ContainerPlan => {
    const image = container.image ?? '';
    const runs = processFor(container, annotations, context);
    if (runs.type === 'stand-in') {
      diagnostics.push(
        diagnostic('HED403', {
          resource,
          path: [...path, index, 'image'],
          message: `image "${image}" is served by a stand-in process`,
          fix: `annotate the pod with ${RUN_ANNOTATION_PREFIX}${container.name}: COMMAND to run your own`,
        }),
      );
    }
    return {
      name: container.name,
      image,
      ports: (container.ports ?? []).map(({ name, containerPort }) => ({
        ...(name === undefined ? {} : { name }),
        containerPort,
      })),
      env: Object.fromEntries((container.env ?? []).map(({ name, value = '' }) => [name, value])),
      runs,
      probe: probeOf(container),
    };
  });
  return { containers, diagnostics };
}

function processFor(
  container: Container,
  annotations: Readonly<Record<string, string>>,
  context: PlanningContext,
): ContainerProcess {
  const command = annotations[`${RUN_ANNOTATION_PREFIX}${container.name}`];
  if (command !== undefined && command.trim() !== '') return { type: 'command', command };
  if (isNginx(container.image ?? '') && context.nginxPath !== undefined)
    return { type: 'nginx', path: context.nginxPath };
  return { type: 'stand-in' };
}

/** `nginx`, `nginx:1.29`, `docker.io/library/nginx@sha256:…`. */
export function isNginx(image: string): boolean {
  return /^(?:[\w.:-]+\/)*nginx(?:[:@].*)?$/.test(image);
}

function probeOf(container: Container): ReadinessProbe {
  const named = (port: number | string | undefined): number | undefined =>
    typeof port === 'number' ? port : (container.ports ?? []).find(({ name }) => name === port)?.containerPort;
  const http = container.readinessProbe?.httpGet;
  const httpPort = named(http?.port);
  if (http !== undefined && httpPort !== undefined) {
    return { type: 'http', path: http.path ?? '/', containerPort: httpPort };
  }
  const port = named(container.readinessProbe?.tcpSocket?.port) ?? container.ports?.[0]?.containerPort;
  return port === undefined ? { type: 'none' } : { type: 'tcp', containerPort: port };
}

/** The Pod object that a running plan stands for, as a kubelet would report it. */
export function podObject(
  plan: PodPlan,
  address: string,
  boundPorts: ReadonlyMap<number, number>,
  ready: boolean,
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: plan.name,
      namespace: plan.namespace,
      labels: plan.labels,
      annotations: {
        ...plan.annotations,
        [ADDRESS_ANNOTATION]: address,
        [BOUND_PORTS_ANNOTATION]: [...boundPorts].map(([port, bound]) => `${port}=${bound}`).join(','),
      },
    },
    spec: {
      ...(plan.serviceAccountName === undefined ? {} : { serviceAccountName: plan.serviceAccountName }),
      containers: plan.containers.map(({ name, image, ports }) => ({ name, image, ports })),
    },
    status: {
      phase: 'Running',
      podIP: address,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}
