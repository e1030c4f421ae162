import http2 from 'node:http2';
import { create, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { buildBootstrap, runEnvoy } from '@heddle/agent';
import { loadRegistry } from '@heddle/envoy-api';
import { Bootstrap_StaticResourcesSchema, BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { freePorts } from '../support/free-ports.ts';
import { pairsOf, rawHeaders, readMessage, sendPieces } from './peer.ts';
import type { CaseOutcome, ProbeCase, ProbeSide, SeenMessage } from './probe-case.ts';
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

const WASM = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';

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
        listener('plain', ports[0] ?? 0, options, false),
        listener('stops', ports[1] ?? 0, options, true),
        tcpListener(ports[2] ?? 0, options),
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
    () => [],
    () => true,
    { timeoutMs: 1000, quietMs: 400 },
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

function connect(port: number): Promise<http2.ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.once('connect', () => resolve(session));
    session.on('error', reject);
  });
}

function ask(
  session: http2.ClientHttp2Session,
  { name, request = {} }: ProbeCase,
): { readonly answer: Promise<SeenMessage>; readonly cancel: () => void } {
  const { body = [], trailers = [], headers = [], method = body.length > 0 ? 'POST' : 'GET' } = request;
  const isEmpty = body.length === 0 && trailers.length === 0;
  const stream = session.request(
    rawHeaders([
      // In the order in which the emulator has them.
      [':authority', 'probe.test'],
      [':path', `/${name}?a=b`],
      [':method', method],
      [':scheme', 'http'],
      ['x-case', name],
      ...headers,
    ]),
    { endStream: isEmpty, waitForTrailers: trailers.length > 0 },
  );
  if (trailers.length > 0) stream.on('wantTrailers', () => stream.sendTrailers(rawHeaders(trailers)));
  const answer = new Promise<SeenMessage>((resolve, reject) => {
    stream.on('response', (_headers, _flags, raw: unknown) => {
      readMessage(stream, pairsOf(raw as readonly string[])).then(resolve, reject);
    });
    stream.on('error', reject);
    stream.on('close', () => reject(new Error('closed')));
  });
  if (!isEmpty) setTimeout(() => void sendPieces(stream, body), 15);
  return { answer, cancel: () => stream.close(http2.constants.NGHTTP2_CANCEL) };
}

/** Without what Envoy's connection manager adds of its own. */
function withoutOwn({ headers, ...rest }: SeenMessage): SeenMessage {
  return { ...rest, headers: headers.filter(([name]) => name !== 'date' && name !== 'server') };
}

function cluster(name: string, port?: number): JsonObject {
  const endpoint = { endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: port ?? 0 } } } };
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicitHttpConfig: { http2ProtocolOptions: {} },
      },
    },
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: port === undefined ? [] : [endpoint] }] },
  };
}

function listener(
  name: string,
  port: number,
  { wasm, plans }: EnvoySideOptions,
  allowsStopIteration: boolean,
): JsonObject {
  const filters = [
    {
      name: 'probe',
      typedConfig: {
        '@type': WASM,
        config: {
          ...pluginConfig(name === 'plain' ? 'probe' : `probe-${name}`, wasm, plans),
          allowOnHeadersStopIteration: allowsStopIteration,
        },
      },
    },
    {
      name: 'router',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
        suppressEnvoyHeaders: true,
      },
    },
  ];
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    statPrefix: name,
    codecType: 'HTTP2',
    generateRequestId: false,
    serverHeaderTransformation: 'PASS_THROUGH',
    httpFilters: filters,
    routeConfig: {
      name: 'routes',
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ name: 'the-route', match: { prefix: '/' }, route: { cluster: 'upstream' } }],
        },
      ],
    },
  };
  return {
    name,
    trafficDirection: 'INBOUND',
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [
      { name: 'the-chain', filters: [{ name: 'envoy.filters.network.http_connection_manager', typedConfig: manager }] },
    ],
  };
}

/** What all listeners have in common. */
function pluginConfig(vmId: string, wasm: Uint8Array, plans: string): JsonObject {
  const text = (value: string) => ({ '@type': 'type.googleapis.com/google.protobuf.StringValue', value });
  return {
    name: 'probe',
    rootId: 'probe-root',
    configuration: text('the plugin configuration'),
    vmConfig: {
      vmId,
      runtime: 'envoy.wasm.runtime.v8',
      code: { local: { inlineBytes: Buffer.from(wasm).toString('base64') } },
      configuration: text(plans),
      environmentVariables: { keyValues: { PROBE: 'yes' } },
    },
  };
}

function tcpListener(port: number, { wasm, tcpPlans }: EnvoySideOptions): JsonObject {
  const filters = [
    {
      name: 'probe',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm',
        config: pluginConfig('probe-tcp', wasm, tcpPlans),
      },
    },
    {
      name: 'envoy.filters.network.tcp_proxy',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
        statPrefix: 'tcp',
        cluster: 'tcp',
      },
    },
  ];
  return {
    name: 'tcp',
    trafficDirection: 'INBOUND',
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [{ name: 'the-chain', filters }],
  };
}
