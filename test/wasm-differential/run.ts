import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/wasm-tools';
import { closedPort } from '../support/free-ports.ts';
import { CASES, CREATION, ROOT_PLAN } from './cases.ts';
import { compareCase, compareLines, compareTcpCase, type Difference } from './compare.ts';
import { startEnvoySide } from './envoy-side.ts';
import { startHostSide } from './host-side.ts';
import { type Respond, startPeer } from './peer.ts';
import { type CaseOutcome, type Pair, planTable, type SeenMessage, tcpPlanTable } from './probe-case.ts';
import { TCP_CASES } from './tcp-cases.ts';
import { startTcpPeer } from './tcp-envoy.ts';
import { byVm, parseLine } from './transcript.ts';
import { runTraps, type TrapComparison } from './trap-run.ts';

/** What both sides did, and in what they differ. */
export interface DifferentialRun {
  readonly differences: readonly Difference[];
  /** By case; `root` is what was no request's. */
  readonly envoy: ReadonlyMap<string, readonly string[]>;
  readonly host: ReadonlyMap<string, readonly string[]>;
  /** What modules did that trapped, in VMs of their own. */
  readonly traps: TrapComparison;
}

/** Compiles the probe; for an older Envoy without the functions of WASI that it lacks. */
export async function compileProbe(isForOlderEnvoy = false): Promise<Uint8Array<ArrayBuffer>> {
  const entry = fileURLToPath(new URL('assembly/index.ts', import.meta.url));
  const flags = ['--runtime', 'minimal', '--optimizeLevel', '1', '--use', 'abort=index/abort'];
  if (isForOlderEnvoy) flags.push('--use', 'PROBE_OLD=index/abort');
  return (await compileModule(entry, { flags })).wasm;
}

/**
 * Runs the cases whose name holds `only` in the Envoy at a path, and in our host; of those in which a module traps, the ones whose name holds
 * `traps`. An older Envoy gets a probe that asks less of WASI.
 */
export async function runDifferential(
  envoyPath: string,
  {
    only = '',
    traps: onlyTraps = only,
    isOlder = false,
  }: { readonly only?: string; readonly traps?: string; readonly isOlder?: boolean } = {},
): Promise<DifferentialRun> {
  const cases = CASES.filter(({ name }) => name.includes(only));
  const wasm = await compileProbe(isOlder);
  const plans = planTable(ROOT_PLAN, cases);
  const tcpCases = TCP_CASES.filter(({ name }) => name.includes(only));
  const tcpPlans = tcpPlanTable({ first_stream_create: CREATION }, tcpCases);
  const tcpPeer = await startTcpPeer();
  let upstream: SeenMessage | undefined;
  const peer = await startPeer((request) => {
    upstream = request;
    return respond(request);
  });
  const takeUpstream = () => {
    const taken = upstream;
    upstream = undefined;
    return taken;
  };
  const envoySide = await startEnvoySide({
    path: envoyPath,
    wasm,
    plans,
    tcpPlans,
    tcpPeer,
    peerPort: peer.port,
    closedPort: await closedPort(),
    takeUpstream,
  });
  const hostSide = await startHostSide({ wasm, plans, tcpPlans });
  const differences: Difference[] = [];
  const envoy = new Map<string, readonly string[]>();
  const host = new Map<string, readonly string[]>();
  try {
    for (const probeCase of cases) {
      const theirs: CaseOutcome = await envoySide.run(probeCase);
      const ours: CaseOutcome = await hostSide.run(probeCase);
      envoy.set(probeCase.name, theirs.lines);
      host.set(probeCase.name, ours.lines);
      differences.push(...compareCase(probeCase.name, theirs, ours));
    }
    for (const tcpCase of tcpCases) {
      const theirs = await envoySide.runTcp(tcpCase);
      const ours = await hostSide.runTcp(tcpCase);
      envoy.set(tcpCase.name, theirs.lines);
      host.set(tcpCase.name, ours.lines);
      differences.push(...compareTcpCase(tcpCase.name, theirs, ours));
    }
  } finally {
    await hostSide.close();
    await envoySide.close();
    await tcpPeer.close();
    await peer.close();
  }
  // Envoy starts more VMs than the one that serves: for the main thread, and to try the module.
  const serving = parseLine(envoy.values().next().value?.[0] ?? '')?.vm ?? '';
  const root = byVm(envoySide.rootLines).get(serving) ?? [];
  envoy.set('root', root);
  host.set('root', hostSide.rootLines);
  if (cases.length > 0) differences.unshift(...compareLines('root', root, hostSide.rootLines));
  const traps = await runTraps(envoyPath, wasm, onlyTraps);
  return { differences: [...differences, ...traps.differences], envoy, host, traps };
}

/** What the upstream answers, by the case that the request names. */
const respond: Respond = (request) => {
  const name = request.headers.find(([header]) => header === 'x-case')?.[1];
  const {
    headers = [],
    body = [],
    trailers = [],
    status = 200,
  } = CASES.find((one) => one.name === name)?.response ?? {};
  const first: Pair = [':status', String(status)];
  return { headers: [first, ...headers], body, trailers };
};
