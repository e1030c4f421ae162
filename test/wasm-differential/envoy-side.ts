import type http2 from 'node:http2';
import { create, fromJson } from '@bufbuild/protobuf';
import { buildBootstrap, runEnvoy } from '@heddle/agent';
import { loadRegistry } from '@heddle/envoy-api';
import { Bootstrap_StaticResourcesSchema, BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { freePorts } from '../support/free-ports.ts';
import { cluster, listener, pluginConfig, tcpListener } from './envoy-config.ts';
import { ask, connect, withoutOwn } from './envoy-request.ts';
import type { CaseOutcome, ProbeSide, SeenMessage } from './probe-case.ts';
import { runTcpInEnvoy, type TcpPeer } from './tcp-envoy.ts';
import { byVm, parseLine, untilOver } from './transcript.ts';

/** See {@link startEnvoySide}. */
export interface EnvoySideOptions {
  readonly path: string;
  readonly wasm: Uint8Array;
  /** The configuration of the probe's VM. */
  readonly plans: string;
  /** That of the VM for connections. */
  readonly tcpPlans: string;
  readonly peerPort: number;
  readonly tcpPeer: TcpPeer;
  /** Where nobody listens. */
  readonly closedPort: number;
  /** What the upstream saw of the case that runs. */
  readonly takeUpstream: () => SeenMessage | undefined;
}

/** How long the last line of a case may be behind the one before it. */
const QUIET_MS = 25;

/** Runs the probe in a real Envoy with one worker. */
export async function startEnvoySide(options: EnvoySideOptions): Promise<ProbeSide> {
  const ports = await freePorts(3);
  const staticResources = fromJson(
    Bootstrap_StaticResourcesSchema,
    {
      clusters: [
        cluster('upstream', options.peerPort),
        cluster('live', options.peerPort),
        cluster('dead', options.closedPort),
        cluster('empty'),
        { ...cluster('tcp', options.tcpPeer.port), typedExtensionProtocolOptions: {} },
      ],
      listeners: [
        listener('plain', ports[0] ?? 0, pluginConfig('probe', options.wasm, options.plans)),
        listener('stops', ports[1] ?? 0, {
          ...pluginConfig('probe-stops', options.wasm, options.plans),
          allowOnHeadersStopIteration: true,
        }),
        tcpListener(ports[2] ?? 0, pluginConfig('probe-tcp', options.wasm, options.tcpPlans)),
      ],
    },
    { registry: await loadRegistry() },
  );
  const lines: string[] = [];
  const bootstrap = create(BootstrapSchema, {
    ...buildBootstrap({ node: { id: 'probe-node', cluster: 'probe-cluster', metadata: { NAME: 'probe' } } }),
    staticResources,
  });
  const envoy = await runEnvoy({
    path: options.path,
    bootstrap,
    concurrency: 1,
    drainMs: 0,
    logLevel: 'info',
    onLog: ({ logger, message }) => {
      if (logger !== 'wasm') return;
      // "wasm log NAME ROOT_ID VM_ID: " stands before what the probe says.
      const at = /^wasm log[^:]*: /.exec(message)?.[0].length;
      if (at !== undefined) lines.push(message.slice(at));
    },
  });
  await untilOver(
    () => lines,
    () => true,
    { timeoutMs: 10_000, quietMs: 400, withCallouts: false },
  );
  const sessions = await Promise.all(ports.slice(0, 2).map((port) => connect(port)));
  const rootLines = [...lines];
  return {
    name: 'Envoy',
    rootLines,
    async run(probeCase) {
      const from = lines.length;
      options.takeUpstream();
      const which = probeCase.allowsStopIteration === true ? 1 : 0;
      // What a case sends may be too much for a connection.
      let session = sessions[which] as http2.ClientHttp2Session;
      if (session.destroyed || session.closed) session = sessions[which] = await connect(ports[which] ?? 0);
      const asked = ask(session, probeCase);
      const answered = asked.answer.then(
        (message) => message,
        () => 'reset' as const,
      );
      const window = () => lines.slice(from);
      const { leavesAfter } = probeCase;
      if (leavesAfter !== undefined) {
        await untilOver(window, () => window().some((line) => parseLine(line)?.callback === leavesAfter), {
          timeoutMs: 2500,
          quietMs: QUIET_MS,
          withCallouts: false,
        });
        asked.cancel();
      }
      const isDeleted = () => window().some((line) => parseLine(line)?.callback === 'delete');
      const isOver = await untilOver(window, isDeleted, {
        timeoutMs: probeCase.hangs === true ? 400 : 2500,
        quietMs: QUIET_MS,
      });
      const client = isOver ? await answered : ('nothing' as const);
      const all = window();
      if (!isOver) {
        const before = lines.length;
        asked.cancel();
        await untilOver(
          () => lines.slice(before),
          () => true,
          { timeoutMs: 500, quietMs: 60 },
        );
      }
      const vm = all
        .map(parseLine)
        .find((line) => line?.callback === 'request_headers' || line?.callback === 'log')?.vm;
      return {
        client: typeof client === 'string' ? client : withoutOwn(client),
        upstream: options.takeUpstream(),
        lines: byVm(all).get(vm ?? '') ?? [],
        printed: all.filter((line) => parseLine(line) === undefined),
      } satisfies CaseOutcome;
    },
    runTcp: (tcpCase) => runTcpInEnvoy(tcpCase, ports[2] ?? 0, options.tcpPeer, lines),
    async close() {
      for (const session of sessions) session.destroy();
      await envoy.stop();
    },
  };
}
