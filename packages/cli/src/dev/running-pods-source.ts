import { type Diagnostic, MeshSnapshot, refKey, refOf } from '@heddle/model';
import type { ConfigSource, SourceState } from '@heddle/sources';
import type { PodSidecar } from '../sidecars/sidecars.ts';
import { planWorkloads } from '../workloads/local-plan.ts';
import { LocalWorkloads } from '../workloads/local-workloads.ts';
import type { PodPlan } from '../workloads/pod-plan.ts';

export interface RunningPodsOptions {
  readonly files: ConfigSource;
  /** Loopback address that local processes listen on. */
  readonly address: string;
  readonly log: (line: string) => void;
  /** Opens the sidecar of a pod that is to have one, given what the files declare. */
  readonly openSidecar?: (pod: PodPlan, declared: MeshSnapshot) => Promise<PodSidecar | undefined>;
}

/**
 * The manifests of `files`, with the pods that run on this machine: what a cluster's scheduler and kubelets would add. A Pod that
 * a file declares is replaced by the running one, which knows its address and readiness.
 */
export class RunningPodsSource implements ConfigSource {
  readonly ready: Promise<void>;
  current: SourceState = { objects: [], diagnostics: [] };
  readonly #files: ConfigSource;
  readonly #workloads: LocalWorkloads;
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;
  /** What the files declare, without the running pods. */
  declared: MeshSnapshot = MeshSnapshot.empty;
  #planDiagnostics: readonly Diagnostic[] = [];
  #applying: Promise<void> = Promise.resolve();

  constructor(options: RunningPodsOptions) {
    this.#files = options.files;
    const { openSidecar } = options;
    this.#workloads = new LocalWorkloads({
      address: options.address,
      log: options.log,
      onChange: () => this.#emit(),
      ...(openSidecar === undefined ? {} : { openSidecar: (pod: PodPlan) => openSidecar(pod, this.declared) }),
    });
    this.ready = this.#files.ready.then(() => this.#reconcile());
    this.#unsubscribe = this.#files.subscribe(() => void this.#reconcile());
  }

  /** Something about a pod's sidecar changed. */
  noteSidecarChange(): void {
    this.#emit();
  }

  /** Whether every local pod is ready. */
  get workloadsReady(): boolean {
    return this.#workloads.ready;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#workloads.close();
    await this.#files.close();
  }

  #reconcile(): Promise<void> {
    this.declared = MeshSnapshot.of(this.#files.current.objects, { previous: this.declared });
    const { pods, diagnostics } = planWorkloads(this.declared);
    this.#planDiagnostics = diagnostics;
    // Routes must not wait for processes to start: the manifests are served at once, the pods join as they become ready.
    this.#emit();
    this.#applying = this.#applying.then(() => this.#workloads.apply(pods));
    return this.#applying;
  }

  #emit(): void {
    const { objects, diagnostics } = this.#files.current;
    const running = this.#workloads.pods();
    const replaced = new Set(running.map((pod) => refKey(refOf(pod))));
    this.current = {
      objects: [
        ...objects.filter(({ object }) => !replaced.has(refKey(refOf(object)))),
        ...running.map((object) => ({ object })),
      ],
      diagnostics: [...diagnostics, ...this.#planDiagnostics],
    };
    for (const listener of this.#listeners) listener();
  }
}
