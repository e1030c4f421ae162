import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildBootstrap, type RunningEnvoy, runEnvoy } from '@heddle/agent';
import { parseObject } from '@heddle/api';
import { type ControlPlane, createControlPlane } from '@heddle/control-plane';
import { serveDiscovery } from '@heddle/discovery/node';
import { formatDiagnostic, nodeId } from '@heddle/model';
import { createMemorySource } from '@heddle/sources';
import { parseAllDocuments } from 'yaml';
import { createPodNetwork, inPod, type PodNamespace } from './pod-network.ts';
import type { Answer, Call, Served } from './workload-program.ts';

/** A pod of the mesh under test. */
export interface PodPlan {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serves: Omit<Served, 'name'>;
  /** With a sidecar, and the redirections that go with it. */
  readonly captured: boolean;
}

/** A call's answer, and what the sidecars on its way logged of it. */
export interface Observed extends Answer {
  /** `POD CLUSTER CHAIN FLAGS ROUTE`, of each sidecar, the caller's first. */
  readonly log: readonly string[];
}

/** Pods in network namespaces with real redirections, real Envoys as their sidecars, and one control plane. */
export interface CapturedMesh {
  readonly controlPlane: ControlPlane;
  readonly ipOf: (pod: string) => string;
  /** Replaces the configuration and waits until every sidecar obeys it. `${POD}` in the text is the pod's address. */
  configure(yaml: string): Promise<void>;
  /** Has a pod's workload call. */
  call(pod: string, call: Call): Promise<Observed>;
  close(): Promise<void>;
}

const NAMESPACE = 'shop';
const MARK = 'captured';
const LOG_FORMAT = [MARK, '%UPSTREAM_CLUSTER_RAW%', '%FILTER_CHAIN_NAME%', '%RESPONSE_FLAGS%', '%ROUTE_NAME%'].join(
  ' ',
);
/** For how long a sidecar may keep a log line to itself after the call is over. */
const LOG_WAIT_MS = 150;

export async function startCapturedMesh(
  envoyPath: string,
  plans: readonly PodPlan[],
  ports: { readonly outbound: number; readonly inbound: number },
): Promise<CapturedMesh> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-capture-'));
  const captured = plans.filter((plan) => plan.captured).map(({ name }) => name);
  const stops: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const stop of stops.reverse()) await stop();
  };
  try {
    const network = await createPodNetwork(
      plans.map(({ name }) => name),
      captured,
      ports,
    );
    stops.push(network.close);
    const podOf = (name: string): PodNamespace => {
      const pod = network.pods.get(name);
      if (pod === undefined) throw new Error(`no pod "${name}"`);
      return pod;
    };
    const workloads = new Map<string, WorkloadProcess>();
    for (const { name, serves } of plans) {
      const workload = await startWorkload(podOf(name), { ...serves, name });
      workloads.set(name, workload);
      stops.push(workload.close);
    }

    const source = createMemorySource();
    const controlPlane = createControlPlane({
      sources: [source],
      settings: { accessLog: { path: '/dev/stdout', format: `${LOG_FORMAT}\n` } },
    });
    const served = await serveDiscovery({ server: controlPlane.discovery, address: { path: join(folder, 'ads') } });
    stops.push(async () => {
      await served.close();
      await controlPlane.close();
    });
    await controlPlane.started;

    const logs = new Map<string, string[]>();
    const configure = async (yaml: string): Promise<void> => {
      const text = yaml.replace(/\$\{([a-z0-9-]+)\}/g, (_, name: string) => podOf(name).ip);
      const objects = [
        ...podObjects(plans, podOf),
        ...parseAllDocuments(text).map((document) => document.toJS() as unknown),
      ];
      source.setObjects(
        objects.map((value) => {
          const { object, problems } = parseObject(value);
          if (object === undefined) throw new Error(JSON.stringify(problems));
          return { object };
        }),
      );
      await controlPlane.refresh();
      await controlPlane.discovery.settled();
      for (const envoy of envoys.values()) await warmed(envoy);
      const refused = controlPlane.diagnostics().filter(({ code }) => code === 'HED302');
      if (refused.length > 0) throw new Error(refused.map(formatDiagnostic).join('\n'));
    };
    const envoys = new Map<string, RunningEnvoy>();
    for (const { name, labels } of plans.filter((plan) => plan.captured)) {
      const lines: string[] = [];
      logs.set(name, lines);
      const envoy = await startSidecar(podOf(name), name, labels, envoyPath, folder, (line) => {
        if (line.startsWith(`${MARK} `)) lines.push(`${name} ${line.slice(MARK.length + 1)}`);
      });
      envoys.set(name, envoy);
      stops.push(() => envoy.stop());
    }

    return {
      controlPlane,
      ipOf: (pod) => podOf(pod).ip,
      configure,
      close,
      async call(pod, call) {
        for (const lines of logs.values()) lines.length = 0;
        const workload = workloads.get(pod);
        if (workload === undefined) throw new Error(`no workload "${pod}"`);
        const answer = await workload.call(call);
        await new Promise((resolve) => setTimeout(resolve, LOG_WAIT_MS));
        const callers = [pod, ...[...logs.keys()].filter((name) => name !== pod)];
        return { ...answer, log: callers.flatMap((name) => [...(logs.get(name) ?? [])]) };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function podObjects(plans: readonly PodPlan[], podOf: (name: string) => PodNamespace): readonly unknown[] {
  return plans.map(({ name, labels }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, labels },
    spec: { containers: [{ name: 'app', image: 'app' }] },
    status: { phase: 'Running', podIP: podOf(name).ip, conditions: [{ type: 'Ready', status: 'True' }] },
  }));
}

async function startSidecar(
  pod: PodNamespace,
  name: string,
  labels: Readonly<Record<string, string>>,
  envoyPath: string,
  folder: string,
  onOutput: (line: string) => void,
): Promise<RunningEnvoy> {
  const { path, args } = inPod(pod, 'proxy', envoyPath);
  const script = join(folder, `envoy-${name}`);
  writeFileSync(script, `#!/bin/sh\nexec ${[path, ...args].map((word) => `'${word}'`).join(' ')} "$@"\n`);
  chmodSync(script, 0o700);
  const dnsDomain = `${NAMESPACE}.svc.cluster.local`;
  const id = nodeId({ type: 'sidecar', ip: pod.ip, name, namespace: NAMESPACE, dnsDomain });
  return runEnvoy({
    path: script,
    bootstrap: buildBootstrap({
      node: { id, cluster: name, metadata: { NAMESPACE, LABELS: { ...labels } } },
      adsAddress: `unix:${join(folder, 'ads')}`,
      adminPath: join(folder, `admin-${name}`),
    }),
    logLevel: 'warning',
    concurrency: 1,
    drainMs: 0,
    args: ['--drain-time-s', '1', '--file-flush-interval-msec', '5'],
    onOutput,
    onLog: ({ level, message }) => {
      if (level === 'error' || level === 'critical') process.stderr.write(`envoy ${name}: ${message}\n`);
    },
  });
}

async function warmed(envoy: RunningEnvoy): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const stats = await envoy.admin.stats(
      '^(listener_manager\\.total_listeners_(warming|draining)|cluster_manager\\.warming_clusters)$',
    );
    if ([...stats.values()].every((value) => value === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('Envoy is still warming or draining after 4 s');
}

interface WorkloadProcess {
  call(call: Call): Promise<Answer>;
  close(): void;
}

async function startWorkload(pod: PodNamespace, served: Served): Promise<WorkloadProcess> {
  const program = fileURLToPath(new URL('./workload-program.ts', import.meta.url));
  const { path, args } = inPod(pod, 'workload', process.execPath);
  const child: ChildProcess = spawn(path, [...args, program, JSON.stringify(served)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('the workload has no standard streams');
  const lines = readline.createInterface({ input: stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.value !== 'ready') throw new Error(`the workload "${served.name}" did not start`);
  return {
    async call(call) {
      stdin.write(`${JSON.stringify(call)}\n`);
      const { value } = await lines.next();
      return JSON.parse(String(value)) as Answer;
    },
    close: () => void child.kill('SIGKILL'),
  };
}
