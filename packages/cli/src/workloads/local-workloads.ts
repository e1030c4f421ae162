import { connect } from 'node:net';
import type { ObjectOf } from '@heddle/api';
import type { PodSidecar } from '../sidecars/sidecars.ts';
import { type ContainerHandle, startContainer } from './container-process.ts';
import { freePort } from './free-port.ts';
import { type ContainerPlan, type PodPlan, podObject, samePlan } from './pod-plan.ts';

type Pod = ObjectOf<'Pod'>;

const PROBE_INTERVAL_STARTING_MS = 50;
const PROBE_INTERVAL_READY_MS = 2000;
/** Failed probes in a row after which a ready container is not ready any more (Kubernetes' default failureThreshold). */
const PROBE_FAILURES = 3;
const RESTART_MS = { first: 500, most: 10_000 };

export interface LocalWorkloadsOptions {
  /** Loopback address that processes listen on. */
  readonly address: string;
  /** A pod became ready or unready, appeared or went away. */
  readonly onChange: () => void;
  /** A line for the user about a pod's processes. */
  readonly log: (line: string) => void;
  /** Opens the sidecar of a pod that is to have one, before its processes start. */
  readonly openSidecar?: (pod: PodPlan) => Promise<PodSidecar | undefined>;
}

/** The running processes of planned pods: what a kubelet is to a cluster, for one laptop. */
export class LocalWorkloads {
  readonly #options: LocalWorkloadsOptions;
  readonly #pods = new Map<string, RunningPod>();

  constructor(options: LocalWorkloadsOptions) {
    this.#options = options;
  }

  /** Starts, stops and restarts processes until exactly the planned pods run. Pods whose plan is unchanged are left alone. */
  async apply(plans: readonly PodPlan[]): Promise<void> {
    const wanted = new Map(plans.map((plan) => [`${plan.namespace}/${plan.name}`, plan]));
    for (const [key, pod] of this.#pods) {
      const plan = wanted.get(key);
      if (plan !== undefined && samePlan(plan, pod.plan)) continue;
      this.#pods.delete(key);
      void pod.stop();
    }
    await Promise.all(
      [...wanted].map(async ([key, plan]) => {
        if (this.#pods.has(key)) return;
        const pod = new RunningPod(plan, this.#options);
        this.#pods.set(key, pod);
        await pod.start();
      }),
    );
    this.#options.onChange();
  }

  /** Every running pod as the object a kubelet would report. */
  pods(): readonly Pod[] {
    return [...this.#pods.values()].map((pod) => pod.object());
  }

  /** Whether every pod is ready. */
  get ready(): boolean {
    return [...this.#pods.values()].every((pod) => pod.ready);
  }

  /** Ends every process; resolves when the sidecars are gone too. */
  async close(): Promise<void> {
    const pods = [...this.#pods.values()];
    this.#pods.clear();
    await Promise.all(pods.map((pod) => pod.stop()));
  }
}

/** One pod's containers, restarted with back-off when they end by themselves. */
class RunningPod {
  readonly plan: PodPlan;
  readonly #options: LocalWorkloadsOptions;
  readonly #boundPorts = new Map<number, number>();
  readonly #containers = new Map<string, ContainerHandle>();
  readonly #readyContainers = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #sidecar: PodSidecar | undefined;
  #stopped = false;

  constructor(plan: PodPlan, options: LocalWorkloadsOptions) {
    this.plan = plan;
    this.#options = options;
  }

  get ready(): boolean {
    const containersReady = this.plan.containers.every(({ name }) => this.#readyContainers.has(name));
    return containersReady && (this.#sidecar?.ready ?? true);
  }

  object(): Pod {
    return podObject(this.plan, this.#options.address, this.#boundPorts, this.ready);
  }

  async start(): Promise<void> {
    for (const { ports } of this.plan.containers) {
      for (const { containerPort } of ports) this.#boundPorts.set(containerPort, await freePort(this.#options.address));
    }
    const sidecar = await this.#options.openSidecar?.(this.plan);
    if (this.#stopped) return sidecar?.stop();
    this.#sidecar = sidecar;
    for (const container of this.plan.containers) this.#startContainer(container, RESTART_MS.first);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const handle of this.#containers.values()) handle.stop();
    await this.#sidecar?.stop();
  }

  #startContainer(container: ContainerPlan, restartMs: number): void {
    if (this.#stopped) return;
    const label = `${this.plan.namespace}/${this.plan.name} ${container.name}`;
    const ports = new Map(
      container.ports.map(({ containerPort }) => [containerPort, this.#boundPorts.get(containerPort) ?? containerPort]),
    );
    const handle = startContainer({
      pod: this.plan,
      container,
      ports,
      address: this.#options.address,
      sidecarEnv: this.#sidecar?.env ?? {},
      onLine: (line) => this.#options.log(`[${label}] ${line}`),
    });
    this.#containers.set(container.name, handle);
    this.#watchReadiness(container, handle, 0);
    void handle.ended.then((how) => {
      if (this.#stopped || this.#containers.get(container.name) !== handle) return;
      this.#containers.delete(container.name);
      this.#setReady(container.name, false);
      this.#options.log(`[${label}] ${how}; starting it again in ${restartMs} ms`);
      this.#later(restartMs, () => this.#startContainer(container, Math.min(restartMs * 2, RESTART_MS.most)));
    });
  }

  #watchReadiness(container: ContainerPlan, handle: ContainerHandle, failures: number): void {
    if (this.#stopped || this.#containers.get(container.name) !== handle) return;
    void this.#probe(container).then((passed) => {
      if (this.#stopped || this.#containers.get(container.name) !== handle) return;
      const wasReady = this.#readyContainers.has(container.name);
      const failed = passed ? 0 : failures + 1;
      if (passed || failed >= PROBE_FAILURES) this.#setReady(container.name, passed);
      const pauseMs = passed || wasReady ? PROBE_INTERVAL_READY_MS : PROBE_INTERVAL_STARTING_MS;
      this.#later(pauseMs, () => this.#watchReadiness(container, handle, failed));
    });
  }

  async #probe({ probe }: ContainerPlan): Promise<boolean> {
    if (probe.type === 'none') return true;
    const port = this.#boundPorts.get(probe.containerPort);
    if (port === undefined) return true;
    if (probe.type === 'tcp') return accepts(port, this.#options.address);
    try {
      const path = probe.path.startsWith('/') ? probe.path : `/${probe.path}`;
      const response = await fetch(`http://${this.#options.address}:${port}${path}`, {
        redirect: 'manual',
        signal: AbortSignal.timeout(1000),
      });
      await response.body?.cancel();
      return response.status >= 200 && response.status < 400;
    } catch {
      // Nothing listens yet, or it does not answer in time: that is what "not ready" means.
      return false;
    }
  }

  #setReady(container: string, ready: boolean): void {
    if (this.#readyContainers.has(container) === ready) return;
    if (ready) this.#readyContainers.add(container);
    else this.#readyContainers.delete(container);
    this.#options.onChange();
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}

function accepts(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: address });
    socket.setTimeout(1000);
    const finish = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
  });
}
