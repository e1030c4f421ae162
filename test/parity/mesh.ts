import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBootstrap, type RunningEnvoy, runEnvoy } from '@heddle/agent';
import { parseObject } from '@heddle/api';
import { type ControlPlane, createControlPlane } from '@heddle/control-plane';
import { createPluginModules } from '@heddle/control-plane/node';
import { serveDiscovery } from '@heddle/discovery/node';
import { GATEWAY_FEATURES, GATEWAY_USER_AGENT } from '@heddle/gateway';
import { createStandaloneGateway, type StandaloneGateway } from '@heddle/gateway/node';
import {
  type CompiledView,
  formatDiagnostic,
  nodeId,
  type ProxyNode,
  type SourcedObject,
  SUPPORTED_ENVOY_MINORS,
} from '@heddle/model';
import { createMemorySource } from '@heddle/sources';
import { createResourceWatcher } from '@heddle/xds-client';
import { freePorts } from '../support/free-ports.ts';
import { AccessLog, LOG_FORMAT } from './access-log.ts';
import { buildModules } from './case-modules.ts';
import type { CaseObject, ViewName } from './parity-case.ts';

/** The two data planes. */
export type PlaneName = 'envoy' | 'gateway';

/** A proxy of one data plane in one place. */
export interface Proxy {
  readonly plane: PlaneName;
  readonly view: ViewName;
  /** What it logged. */
  readonly accessLog: AccessLog;
  /** Where a configured port is bound on 127.0.0.1. */
  boundPort(configured: number): number;
  /** The configured port that is bound there. */
  configuredPort(bound: number): number | undefined;
  /** Resolves when what was acknowledged is in force. */
  inForce(): Promise<void>;
  close(): Promise<void>;
}

/** One control plane, and proxies of both kinds in both places, all obeying the same configuration. */
export interface Mesh {
  readonly proxies: readonly Proxy[];
  readonly controlPlane: ControlPlane;
  /**
   * Replaces the configuration and waits until every proxy obeys it. Gives what is wrong with the objects (the ones with errors
   * are left out), then what proxies refused. Listeners are bound for the ports of `portsLike`.
   */
  configure(
    objects: readonly CaseObject[],
    portsLike?: readonly CaseObject[],
  ): Promise<{ readonly invalid: readonly string[]; readonly refused: readonly string[] }>;
  /** What a proxy was compiled to: the same that it was sent. */
  compiledFor(plane: PlaneName, view: ViewName): CompiledView;
  close(): Promise<void>;
}

/** What {@link startMesh} starts. */
export interface MeshOptions {
  /** Path of the Envoy binary; without it only gateways run. */
  readonly envoyPath: string | undefined;
  /** Random numbers of the gateways, from 0 to 1. */
  readonly random: () => number;
  readonly views?: readonly ViewName[];
  readonly log: (line: string) => void;
}

const SIDECAR_NAMESPACE = 'default';

const nodes = {
  gateway: {
    type: 'router',
    namespace: 'istio-system',
    labels: { istio: 'ingressgateway', app: 'istio-ingressgateway' },
  },
  sidecar: { type: 'sidecar', namespace: SIDECAR_NAMESPACE, labels: { app: 'client' } },
} as const;

export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const { envoyPath, log, views = ['gateway', 'sidecar'] } = options;
  await buildModules();
  const source = createMemorySource();
  const copies = await mkdtemp(join(tmpdir(), 'heddle-parity-plugins-'));
  const bindings = new Map<string, Map<number, number>>();
  const controlPlane = createControlPlane({
    sources: [source],
    pluginModules: createPluginModules({ cacheFolder: copies, watch: false }),
    settings: { accessLog: { path: '/dev/stdout', format: LOG_FORMAT } },
    bindingOf: ({ id }) => {
      const ports = bindings.get(id);
      return ports === undefined ? undefined : { address: '127.0.0.1', ports: Object.fromEntries(ports) };
    },
    log: ({ level, message }) => {
      if (level === 'warn' || level === 'error') log(`discovery: ${message}`);
    },
  });
  const served = await serveDiscovery({ server: controlPlane.discovery, address: '127.0.0.1:0' });
  const proxies: Proxy[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await served.close();
    await controlPlane.close();
    await rm(copies, { recursive: true, force: true });
  };
  try {
    await controlPlane.started;
    for (const view of views) {
      for (const plane of ['envoy', 'gateway'] as const) {
        if (plane === 'envoy' && envoyPath === undefined) continue;
        const id = idOf(plane, view);
        const ports = new Map<number, number>();
        bindings.set(id, ports);
        proxies.push(
          plane === 'envoy'
            ? await startEnvoyProxy(envoyPath ?? '', served.address, view, id, ports, log)
            : startGatewayProxy(controlPlane, view, id, ports, options),
        );
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    proxies,
    controlPlane,
    close,
    compiledFor: (plane, view) => controlPlane.compileFor(proxyNode(plane, view)),
    async configure(objects, portsLike = objects) {
      const invalid: string[] = [];
      const sound: SourcedObject[] = [];
      for (const value of objects) {
        const { object, identity, problems } = parseObject(value);
        for (const problem of problems) {
          if (problem.severity !== 'error') continue;
          invalid.push(
            `${identity?.kind ?? '?'} ${identity?.name ?? '?'} ${problem.path.join('.')}: ${problem.message}`,
          );
        }
        if (object !== undefined) sound.push({ object });
      }
      for (const ports of bindings.values()) await bindPorts(ports, portsOf(portsLike));
      source.setObjects(sound);
      await controlPlane.refresh();
      await withinTime(controlPlane.discovery.settled(), 20_000, () => describeUnsettled(controlPlane));
      await Promise.all(proxies.map((proxy) => proxy.inForce()));
      const refused = controlPlane.diagnostics().filter(({ code }) => code === 'HED302');
      return { invalid, refused: refused.map(formatDiagnostic) };
    },
  };
}

/** A proxy as the control plane reads it from its node. */
function proxyNode(plane: PlaneName, view: ViewName): ProxyNode {
  const { type, namespace, labels } = nodes[view];
  const capabilities: ProxyNode['capabilities'] =
    plane === 'envoy'
      ? { dataPlane: 'envoy', minor: SUPPORTED_ENVOY_MINORS.newest }
      : { dataPlane: 'heddle', features: GATEWAY_FEATURES };
  const dnsDomain = `${namespace}.svc.cluster.local`;
  const name = `${plane}-${view}`;
  return { id: idOf(plane, view), type, ip: '127.0.0.1', name, namespace, dnsDomain, labels, capabilities };
}

function idOf(plane: PlaneName, view: ViewName): string {
  const { type, namespace } = nodes[view];
  return nodeId({
    type,
    ip: '127.0.0.1',
    name: `${plane}-${view}`,
    namespace,
    dnsDomain: `${namespace}.svc.cluster.local`,
  });
}

function nodeMetadata(view: ViewName): { NAMESPACE: string; LABELS: Record<string, string> } {
  const { namespace, labels } = nodes[view];
  return { NAMESPACE: namespace, LABELS: { ...labels } };
}

async function startEnvoyProxy(
  path: string,
  adsAddress: string,
  view: ViewName,
  id: string,
  ports: ReadonlyMap<number, number>,
  log: (line: string) => void,
): Promise<Proxy> {
  const accessLog = new AccessLog();
  const envoy: RunningEnvoy = await runEnvoy({
    path,
    bootstrap: buildBootstrap({ node: { id, cluster: 'parity', metadata: nodeMetadata(view) }, adsAddress }),
    logLevel: 'warning',
    concurrency: 1,
    drainMs: 0,
    // Connections of the last case are not worth waiting for; its log entries are.
    args: ['--drain-time-s', '1', '--file-flush-interval-msec', '5'],
    onOutput: (line) => accessLog.add(line),
    onLog: ({ level, message }) => {
      if (level === 'error' || level === 'critical') log(`envoy: ${message}`);
    },
    onEvent: ({ type }) => {
      if (type === 'died') log('envoy: died');
    },
  });
  return {
    plane: 'envoy',
    view,
    accessLog,
    boundPort: (configured) => bound(ports, configured),
    configuredPort: (port) => [...ports].find(([, taken]) => taken === port)?.[0],
    inForce: async () => {
      // An acknowledgement says that Envoy accepted; listeners and clusters may warm a moment longer.
      for (let tries = 0; tries < 200; tries++) {
        const stats = await envoy.admin.stats(
          '^(listener_manager\\.total_listeners_warming|cluster_manager\\.warming_clusters)$',
        );
        if ([...stats.values()].every((value) => value === 0)) return;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      throw new Error('Envoy is still warming listeners or clusters after 1 s');
    },
    close: () => envoy.stop(),
  };
}

function startGatewayProxy(
  controlPlane: ControlPlane,
  view: ViewName,
  id: string,
  ports: ReadonlyMap<number, number>,
  options: MeshOptions,
): Proxy {
  const accessLog = new AccessLog();
  const gateway: StandaloneGateway = createStandaloneGateway({
    accessLogSink: (_path, line) => accessLog.add(line),
    random: options.random,
    drainTimeoutMs: 0,
    onProblem: ({ kind, name, message }) => options.log(`gateway: ${kind} "${name}": ${message}`),
  });
  const watcher = createResourceWatcher({
    transport: controlPlane.discovery.connect(),
    node: {
      id,
      cluster: 'parity',
      metadata: nodeMetadata(view),
      userAgentName: GATEWAY_USER_AGENT,
      clientFeatures: [...GATEWAY_FEATURES],
    },
    onConfig: async (config) => {
      await gateway.apply(config);
    },
  });
  watcher.start();
  return {
    plane: 'gateway',
    view,
    accessLog,
    boundPort: (configured) => bound(ports, configured),
    configuredPort: (port) => [...ports].find(([, taken]) => taken === port)?.[0],
    // The watcher acknowledges what the gateway has applied.
    inForce: () => Promise.resolve(),
    async close() {
      watcher.close();
      await gateway.close({ drainTimeoutMs: 0 });
    },
  };
}

function bound(ports: ReadonlyMap<number, number>, configured: number): number {
  const port = ports.get(configured);
  if (port === undefined) throw new Error(`port ${configured} is not configured by any object of the case`);
  return port;
}

/** Every configured port gets a free one, and keeps it: a listener that several cases have stays where it is. */
async function bindPorts(ports: Map<number, number>, configured: ReadonlySet<number>): Promise<void> {
  const missing = [...configured].filter((port) => !ports.has(port));
  const free = await freePorts(missing.length);
  missing.forEach((port, i) => ports.set(port, free[i] ?? 0));
}

/** Ports on which a proxy may listen for these objects. */
export function portsOf(objects: readonly CaseObject[]): ReadonlySet<number> {
  const found = new Set<number>([80]);
  const add = (value: unknown): void => {
    if (typeof value === 'number') found.add(value);
  };
  for (const object of objects) {
    const spec = (object['spec'] ?? {}) as {
      readonly servers?: unknown;
      readonly ports?: unknown;
      readonly proxyHttpPort?: unknown;
      readonly egress?: unknown;
    };
    add(spec.proxyHttpPort);
    for (const { port } of listOf(spec.egress)) add((port as Record<string, unknown> | undefined)?.['number']);
    for (const server of listOf(spec.servers)) add((server['port'] as Record<string, unknown> | undefined)?.['number']);
    for (const port of listOf(spec.ports)) {
      add(port['port']);
      add(port['number']);
    }
  }
  return found;
}

function listOf(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}

async function withinTime<T>(promise: Promise<T>, ms: number, describe: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled after ${ms} ms: ${describe()}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function describeUnsettled(controlPlane: ControlPlane): string {
  return JSON.stringify(controlPlane.syncStatus());
}
