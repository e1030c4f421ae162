import { create, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { buildBootstrap, runEnvoy } from '@heddle/agent';
import { loadRegistry } from '@heddle/envoy-api';
import { Bootstrap_StaticResourcesSchema, BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { freePorts } from '../support/free-ports.ts';
import { cluster, listener, pluginConfig } from './envoy-config.ts';
import { ask, connect, withoutOwn } from './envoy-request.ts';
import { type ProbeCase, planTable, type SeenMessage } from './probe-case.ts';
import { parseLine } from './transcript.ts';
import {
  LONGEST_BACK_OFF_MS,
  NEXT,
  RELOAD_MS,
  requestOf,
  type TrapCase,
  type TrapOutcome,
  type TrapPolicy,
  type TrapRun,
  WAITING,
} from './trap-cases.ts';

/** See {@link startTrapEnvoy}. */
export interface TrapEnvoyOptions {
  readonly path: string;
  readonly wasm: Uint8Array;
  readonly cases: readonly TrapCase[];
  readonly peerPort: number;
  /** What the upstream saw of a request of a case. */
  readonly takeUpstream: (trapCase: string, name: string) => SeenMessage | undefined;
}

/** How long a request that waits for ever is watched. */
const HANG_MS = 500;
const QUIET_MS = 15;

/** Starts an Envoy in which each case has a listener and a VM. */
export async function startTrapEnvoy(
  options: TrapEnvoyOptions,
): Promise<{ run(trapCase: TrapCase): Promise<TrapRun>; close(): Promise<void> }> {
  const { cases, wasm } = options;
  const ports = await freePorts(cases.length);
  const staticResources = fromJson(
    Bootstrap_StaticResourcesSchema,
    {
      clusters: [cluster('upstream', options.peerPort), cluster('live', options.peerPort)],
      listeners: cases.map(({ name, policy, root = {}, first }, index) =>
        listener(name, ports[index] ?? 0, {
          ...pluginConfig(name, wasm, planTable(root, [first])),
          name,
          ...policyFields(policy),
        }),
      ),
    },
    { registry: await loadRegistry() },
  );
  const lines: string[] = [];
  const envoy = await runEnvoy({
    path: options.path,
    bootstrap: create(BootstrapSchema, {
      ...buildBootstrap({ node: { id: 'probe-node', cluster: 'probe-cluster' } }),
      staticResources,
    }),
    concurrency: 1,
    drainMs: 0,
    logLevel: 'info',
    onLog: ({ logger, message }) => {
      if (logger === 'wasm') lines.push(message);
    },
  });
  // So that each module may be loaded again.
  await new Promise((resolve) => setTimeout(resolve, LONGEST_BACK_OFF_MS));
  return {
    run: (trapCase) => runTrap(trapCase, ports[cases.indexOf(trapCase)] ?? 0),
    close: () => envoy.stop(),
  };

  async function runTrap({ name, policy, first }: TrapCase, port: number): Promise<TrapRun> {
    const from = lines.length;
    const waiting = await open(port, name, WAITING);
    await quiet();
    const firstDone = await finish(await open(port, name, first), name, first);
    waiting.proceed();
    const waitingDone = await finish(waiting, name, WAITING);
    const second = await finish(await open(port, name, NEXT), name, NEXT);
    if (policy === 'FAIL_RELOAD') await new Promise((resolve) => setTimeout(resolve, LONGEST_BACK_OFF_MS));
    const third = await finish(await open(port, name, NEXT), name, NEXT);
    const stats = await envoy.admin.stats(`^wasm\\.${name}\\.vm_reload_success$`);
    // The plugin's name is not said of what root contexts do; the VM's is, which is the same here.
    const said = lines.slice(from).flatMap((message) => {
      const at = new RegExp(`^wasm log(?: ${name})? probe-root ${name}: `).exec(message)?.[0].length;
      return at === undefined ? [] : [message.slice(at)];
    });
    return {
      waiting: waitingDone,
      first: firstDone,
      second,
      third,
      lines: said.filter((line) => parseLine(line) !== undefined),
      reloads: [...stats.values()].map(Number).reduce((sum, value) => sum + value, 0),
    };
  }

  /** Each on a connection of its own: Envoy 1.36 ends one whose request it answers before its end. */
  async function open(port: number, trapCase: string, probeCase: ProbeCase) {
    const session = await connect(port);
    options.takeUpstream(trapCase, probeCase.name);
    const { answer, cancel, proceed } = ask(session, requestOf(trapCase, probeCase), probeCase === WAITING);
    return { answer: answer.catch(() => 'reset' as const), cancel, proceed, close: () => session.destroy() };
  }

  async function finish(
    asked: Awaited<ReturnType<typeof open>>,
    trapCase: string,
    { name, hangs }: ProbeCase,
  ): Promise<TrapOutcome> {
    const nothing = new Promise<'nothing'>((resolve) =>
      setTimeout(resolve, hangs === true ? HANG_MS : 2500, 'nothing'),
    );
    const client = await Promise.race([asked.answer, nothing]);
    await quiet();
    if (client === 'nothing') asked.cancel();
    if (client === 'nothing') await quiet();
    asked.close();
    return {
      client: typeof client === 'string' ? client : withoutOwn(client),
      upstream: options.takeUpstream(trapCase, name),
    };
  }

  /** Until the log has nothing more to say. */
  async function quiet(): Promise<void> {
    for (let count = -1; count !== lines.length; ) {
      count = lines.length;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
  }
}

function policyFields(policy: TrapPolicy): JsonObject {
  if (policy === 'fail_open') return { failOpen: true };
  const base = { baseInterval: `${RELOAD_MS / 1000}s` };
  return { failurePolicy: policy, ...(policy === 'FAIL_RELOAD' ? { reloadConfig: { backoff: base } } : {}) };
}
