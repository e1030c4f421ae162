import type { ListenerBinding, MeshSnapshot, ProxyNode } from '@heddle/model';
import type { PodPlan } from '../workloads/pod-plan.ts';
import { wantsSidecar } from './injection.ts';
import { type OutboundFront, openOutboundFront } from './outbound-front.ts';
import { serviceVariables } from './service-variables.ts';
import { calledPorts, SidecarPorts } from './sidecar-ports.ts';

/** The port that the HTTP proxy listener of sidecars is configured for (MeshConfig `proxyHttpPort`); each binds another one. */
export const PROXY_HTTP_PORT = 15_080;

/** How many sidecars may run on a laptop: an Envoy takes about 65 MB. */
const MAX_SIDECARS = 100;

/** A proxy that serves beside a workload. */
export interface SidecarDataPlane {
  stop(): Promise<void>;
}

/**
 * Label by which a sidecar says which one it is: a pod that is started again has a new one, with ports of its own, while the old one
 * still drains under the same name.
 */
const INSTANCE_LABEL = 'heddle.dev/sidecar';

/** Starts a proxy for a pod, which says that it has these labels; resolves when it serves. */
export type StartSidecar = (pod: PodPlan, labels: Readonly<Record<string, string>>) => Promise<SidecarDataPlane>;

/** The sidecar of one pod. */
export interface PodSidecar {
  /** What the pod's processes are told about it. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it serves. */
  readonly ready: boolean;
  stop(): Promise<void>;
}

export interface SidecarsOptions {
  /** Loopback address of everything. */
  readonly address: string;
  readonly log: (line: string) => void;
  /** A sidecar became ready. */
  readonly onChange: () => void;
}

/** The sidecars of this machine: who has one, and where each is bound. */
export class Sidecars {
  readonly #options: SidecarsOptions;
  /** By instance. */
  readonly #running = new Map<string, RunningSidecar>();
  readonly #start: Promise<StartSidecar>;
  #setStart: (start: StartSidecar) => void = () => {};
  #opened = 0;

  constructor(options: SidecarsOptions) {
    this.#options = options;
    this.#start = new Promise((resolve) => {
      this.#setStart = resolve;
    });
  }

  /** Says how sidecars are started, once there is a control plane to follow; those opened before have waited for it. */
  startWith(start: StartSidecar): void {
    this.#setStart(start);
  }

  /** How many there are. */
  get count(): number {
    return this.#running.size;
  }

  /**
   * The sidecar for a pod that wants one: its ports are chosen when this resolves, so the pod's processes can be started; the proxy
   * follows.
   */
  async open(pod: PodPlan, snapshot: MeshSnapshot): Promise<PodSidecar | undefined> {
    const namespaceLabels = snapshot.get('Namespace', '', pod.namespace)?.metadata.labels ?? {};
    if (!wantsSidecar(pod, namespaceLabels)) return undefined;
    const { address, log } = this.#options;
    if (this.#running.size >= MAX_SIDECARS) {
      log(
        `[${pod.namespace}/${pod.name}] has no sidecar and calls nobody by name: ${MAX_SIDECARS} run on this machine already`,
      );
      return undefined;
    }
    const ports = new SidecarPorts(address);
    await ports.choose(wantedPorts(snapshot));
    const front = await openOutboundFront({
      address,
      boundPort: (port) => ports.boundPort(port),
      httpProxyPort: () => ports.boundPort(PROXY_HTTP_PORT) ?? PROXY_HTTP_PORT,
    });
    const env = {
      ...serviceVariables(snapshot, pod.namespace, address, (port) => ports.boundPort(port)),
      ...proxyVariables(address, front.port),
    };
    const instance = String(++this.#opened);
    const start = this.#start.then(
      (startSidecar) => () => startSidecar(pod, { ...pod.labels, [INSTANCE_LABEL]: instance }),
    );
    const sidecar = new RunningSidecar(pod, ports, front, env, start, this.#options, () =>
      this.#running.delete(instance),
    );
    this.#running.set(instance, sidecar);
    return sidecar;
  }

  /** Makes room for the ports of a snapshot that is about to be served. */
  async prepare(snapshot: MeshSnapshot): Promise<void> {
    const wanted = wantedPorts(snapshot);
    for (const { ports } of this.#running.values()) await ports.choose(wanted);
  }

  /** Where a sidecar of this machine binds its listeners. */
  bindingOf(node: ProxyNode): ListenerBinding | undefined {
    const instance = node.labels[INSTANCE_LABEL];
    return instance === undefined ? undefined : this.#running.get(instance)?.ports.binding;
  }

  async close(): Promise<void> {
    const stopping = [...this.#running.values()].map((sidecar) => sidecar.stop());
    // Nobody waits any more for how to start one.
    this.#setStart(() => Promise.reject(new Error('the sidecars are closed')));
    await Promise.all(stopping);
  }
}

class RunningSidecar implements PodSidecar {
  readonly ports: SidecarPorts;
  readonly env: Readonly<Record<string, string>>;
  ready = false;
  readonly #front: OutboundFront;
  readonly #onStop: () => void;
  readonly #started: Promise<SidecarDataPlane | undefined>;
  #stopped: Promise<void> | undefined;

  constructor(
    pod: PodPlan,
    ports: SidecarPorts,
    front: OutboundFront,
    env: Readonly<Record<string, string>>,
    start: Promise<() => Promise<SidecarDataPlane>>,
    { log, onChange }: SidecarsOptions,
    onStop: () => void,
  ) {
    this.ports = ports;
    this.env = env;
    this.#front = front;
    this.#onStop = onStop;
    this.#started = start
      .then((startSidecar) => (this.#stopped === undefined ? startSidecar() : undefined))
      .then(
        (dataPlane) => {
          if (this.#stopped === undefined) {
            this.ready = true;
            onChange();
          }
          return dataPlane;
        },
        (error: unknown) => {
          log(
            `[${pod.namespace}/${pod.name}] Cannot start the sidecar: ${error instanceof Error ? error.message : String(error)}`,
          );
          return undefined;
        },
      );
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.ready = false;
    this.#front.close();
    // Of a control plane that never came there is nothing to stop.
    await (await this.#started)?.stop();
    this.#onStop();
  }
}

function wantedPorts(snapshot: MeshSnapshot): ReadonlySet<number> {
  return new Set([...calledPorts(snapshot), PROXY_HTTP_PORT]);
}

/** For clients that read the usual variables; Node's own do when NODE_USE_ENV_PROXY says so. */
function proxyVariables(address: string, port: number): Readonly<Record<string, string>> {
  const proxy = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  const direct = [...new Set(['localhost', '127.0.0.1', '[::1]', address])].join(',');
  return {
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    NO_PROXY: direct,
    no_proxy: direct,
    NODE_USE_ENV_PROXY: '1',
  };
}
