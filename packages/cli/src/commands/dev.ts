import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { type ControlPlane, createControlPlane } from '@heddle/control-plane';
import { createPluginModules } from '@heddle/control-plane/node';
import { type AnyMeshObject, formatRef, type MeshSnapshot, type PluginModules, refOf } from '@heddle/model';
import { createFileSource } from '@heddle/sources/node';
import { createBuilder } from '@heddle/wasm-tools/builder';
import type { DataPlane, DataPlaneOptions, DataPlanes } from '../dev/data-plane.ts';
import { ListenerPorts } from '../dev/listener-ports.ts';
import { RunningPodsSource } from '../dev/running-pods-source.ts';
import { portLines, summarize } from '../dev/summary.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { PROXY_HTTP_PORT, Sidecars } from '../sidecars/sidecars.ts';
import { DiagnosticReporter, problemCount } from '../terminal/diagnostic-reporter.ts';
import { stopSignal } from '../terminal/stop-signal.ts';
import { meshConfigSources } from './mesh-config-file.ts';

export interface DevOptions {
  readonly proxy: 'embedded' | 'envoy';
  readonly envoyPath?: string;
  readonly address: string;
  readonly accessLog?: boolean;
  readonly meshConfig?: string;
}

/** How long the summary waits for workloads to become ready; what is not ready by then is shown as it is. */
const READY_WAIT_MS = 5000;

/** `heddle dev`: a whole mesh on this machine, until it is stopped. */
export async function dev(paths: readonly string[], options: DevOptions): Promise<ExitCode> {
  const startedAtMs = performance.timeOrigin;
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const stopped = stopSignal();
  const ports = new ListenerPorts(options.address);
  const sidecars = new Sidecars({ address: options.address, log, onChange: () => source.noteSidecarChange() });
  const source: RunningPodsSource = new RunningPodsSource({
    files: createFileSource({ paths, watch: true }),
    address: options.address,
    log,
    openSidecar: (pod, declared) => sidecars.open(pod, declared),
  });
  const builder = createBuilder();
  const controlPlane = createControlPlane({
    sources: [...meshConfigSources(options.meshConfig), source],
    overrides: {
      // Bound on another port for each sidecar, so it matters to nobody which one is configured.
      proxyHttpPort: PROXY_HTTP_PORT,
      ...(options.accessLog === true ? { accessLog: { path: '/dev/stdout' } } : {}),
    },
    prepare: async (snapshot) => {
      const fresh = await ports.choose(configuredPorts(snapshot));
      if (controlPlane.ready) for (const line of fresh.flatMap(portLines)) log(line);
      await sidecars.prepare(snapshot);
    },
    pluginModules: createPluginModules({ build: builder.build }),
    bindingOf: (node) => (node.type === 'sidecar' ? sidecars.bindingOf(node) : ports.binding),
    log: ({ level, message }) => {
      if (level === 'error') log(`${level}: ${message}`);
    },
  });
  const reporter = new DiagnosticReporter(process.stderr);
  await controlPlane.started;
  const dataPlanes = await createDataPlanes(options, {
    controlPlane,
    address: options.address,
    log,
    onOutput: (line) => process.stdout.write(`${line}\n`),
  });
  sidecars.startWith(dataPlanes.startSidecar);
  const stopProxies = async (ingress?: DataPlane) => {
    // Workloads may still call each other while the ingress finishes what it has.
    await ingress?.stop();
    await sidecars.close();
    await dataPlanes.close();
    await controlPlane.close();
    await builder.close();
  };
  const ingress = await dataPlanes.startIngress().catch(async (error: unknown) => {
    await stopProxies();
    throw error;
  });
  await Promise.race([workloadsReady(source, controlPlane), stopped]);
  await Promise.race([controlPlane.discovery.settled(), stopped]);

  const diagnostics = controlPlane.diagnostics();
  reporter.report(diagnostics);
  process.stdout.write(
    await summarize({
      paths,
      dataPlane: dataPlanes.name,
      startedAtMs,
      nowMs: performance.timeOrigin + performance.now(),
      declared: source.declared,
      problems: problemCount(diagnostics),
      notes: diagnostics.filter(({ code }) => code === 'HED403').map(({ message }) => message),
      address: options.address,
      ports: ports.ports,
    }),
  );

  followChanges(controlPlane, source, reporter, log);
  await stopped;
  await stopProxies(ingress);
  return EXIT.ok;
}

async function createDataPlanes(options: DevOptions, dataPlane: DataPlaneOptions): Promise<DataPlanes> {
  if (options.proxy === 'embedded')
    return (await import('../dev/embedded-data-planes.ts')).embeddedDataPlanes(dataPlane);
  const { envoyDataPlanes } = await import('../dev/envoy-data-planes.ts');
  return envoyDataPlanes({
    ...dataPlane,
    ...(options.envoyPath === undefined ? {} : { envoyPath: options.envoyPath }),
  });
}

/** The ports that Gateways open. */
function configuredPorts(snapshot: MeshSnapshot): readonly number[] {
  return snapshot.list('Gateway').flatMap(({ spec }) => spec.servers.map(({ port }) => port.number));
}

/** Resolves when every local pod is ready and served as such, or has had its time. */
async function workloadsReady(source: RunningPodsSource, controlPlane: ControlPlane): Promise<void> {
  const deadline = performance.now() + READY_WAIT_MS;
  while (!source.workloadsReady && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await controlPlane.refresh();
}

/** Says which objects each edit changed, and what it broke or mended. */
function followChanges(
  controlPlane: ControlPlane,
  source: RunningPodsSource,
  reporter: DiagnosticReporter,
  log: (line: string) => void,
): void {
  let before = source.declared;
  let modules = controlPlane.snapshot.pluginModules;
  controlPlane.subscribe(() => {
    const after = source.declared;
    const changes = changedObjects(before, after);
    before = after;
    for (const plugin of changedModules(modules, controlPlane.snapshot.pluginModules))
      log(`✔ module of ${plugin}: swapped`);
    modules = controlPlane.snapshot.pluginModules;
    if (changes.length > 0) log(`✔ applied: ${changes.slice(0, 5).join(', ')}${changes.length > 5 ? ', …' : ''}`);
    reporter.report(controlPlane.diagnostics());
  });
}

/** The plugins whose module is another than it was. */
function changedModules(before: PluginModules, after: PluginModules): readonly string[] {
  return [...after].flatMap(([plugin, module]) => {
    const old = before.get(plugin);
    const swapped = old?.state === 'ready' && module.state === 'ready' && old.filename !== module.filename;
    return swapped ? [`WasmPlugin ${plugin}`] : [];
  });
}

function changedObjects(before: MeshSnapshot, after: MeshSnapshot): readonly string[] {
  const index = (snapshot: MeshSnapshot) =>
    new Map([...snapshot.objects()].map(({ object }) => [formatRef(refOf(object)), object] as const));
  const [old, now] = [index(before), index(after)];
  const describe = (name: string, object: AnyMeshObject) =>
    old.has(name) ? (old.get(name) === object ? [] : [name]) : [`${name} (new)`];
  return [
    ...[...now].flatMap(([name, object]) => describe(name, object)),
    ...[...old.keys()].filter((name) => !now.has(name)).map((name) => `${name} (removed)`),
  ];
}
