import { compareLines, compareMessages, type Difference } from './compare.ts';
import { startPeer } from './peer.ts';
import type { SeenMessage } from './probe-case.ts';
import { NEXT, TRAP_CASES, type TrapCase, type TrapRun, WAITING } from './trap-cases.ts';
import { startTrapEnvoy } from './trap-envoy.ts';
import { runTrapInHost } from './trap-host.ts';

/** What both sides did when modules trapped, by case, and in what they differ. */
export interface TrapComparison {
  readonly differences: readonly Difference[];
  readonly envoy: ReadonlyMap<TrapCase, TrapRun>;
  readonly host: ReadonlyMap<TrapCase, TrapRun>;
}

/** Cases that run in Envoy at a time; each has a VM of its own. */
const AT_ONCE = 4;

/** Runs the cases whose name holds `only`, with the probe, in the Envoy at a path and in our host. */
export async function runTraps(envoyPath: string, wasm: Uint8Array<ArrayBuffer>, only = ''): Promise<TrapComparison> {
  const cases = TRAP_CASES.filter(({ name }) => name.includes(only));
  const envoy = new Map<TrapCase, TrapRun>();
  const host = new Map<TrapCase, TrapRun>();
  if (cases.length === 0) return { differences: [], envoy, host };
  const seen = new Map<string, SeenMessage>();
  const peer = await startPeer((request) => {
    const value = (name: string) => request.headers.find(([header]) => header === name)?.[1] ?? '';
    seen.set(`${value('x-trap')} ${value('x-case')}`, request);
    const probeCase = [WAITING, NEXT].find(({ name }) => name === value('x-case')) ?? cases[0]?.first;
    const { headers = [], body = [], trailers = [], status = 200 } = probeCase?.response ?? {};
    return { headers: [[':status', String(status)], ...headers], body, trailers };
  });
  const envoySide = await startTrapEnvoy({
    path: envoyPath,
    wasm,
    cases,
    peerPort: peer.port,
    takeUpstream: (trapCase, name) => {
      const key = `${trapCase} ${name}`;
      const taken = seen.get(key);
      seen.delete(key);
      return taken;
    },
  });
  try {
    const left = [...cases];
    const work = async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) envoy.set(next, await envoySide.run(next));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await envoySide.close();
    await peer.close();
  }
  for (const trapCase of cases) {
    // In the order of the list, not in that in which they ended.
    const theirs = envoy.get(trapCase) as TrapRun;
    envoy.delete(trapCase);
    envoy.set(trapCase, theirs);
    host.set(trapCase, await runTrapInHost(wasm, trapCase));
  }
  const differences = cases.flatMap((trapCase) =>
    compare(trapCase.name, envoy.get(trapCase) as TrapRun, host.get(trapCase) as TrapRun),
  );
  return { differences, envoy, host };
}

function compare(name: string, envoy: TrapRun, host: TrapRun): Difference[] {
  const differences = compareLines(name, envoy.lines, host.lines);
  for (const request of ['waiting', 'first', 'second', 'third'] as const) {
    const found = compareMessages(name, envoy[request], host[request]);
    differences.push(...found.map((each) => ({ ...each, callback: request })));
  }
  if (envoy.reloads !== host.reloads) {
    const [one, other] = [String(envoy.reloads), String(host.reloads)];
    differences.push({ case: name, callback: '', call: 'reloads', envoy: one, host: other });
  }
  return differences;
}
