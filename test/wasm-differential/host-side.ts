import type { HttpCall } from '@heddle/wasm-host';
import { nodeForeignFunctions } from '@heddle/wasm-host/node';
import { createFilter, type EmulatedFilter, type FilterOptions, type Result } from '@heddle/wasm-host/testing';
import { answerCallout, answerGrpc, SLOW_MS } from './peer.ts';
import type { CaseOutcome, ProbeSide, SeenMessage } from './probe-case.ts';
import { runTcpInHost } from './tcp-host.ts';
import { parseLine } from './transcript.ts';

/** See {@link startHostSide}. */
export interface HostSideOptions {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly plans: string;
  readonly tcpPlans: string;
}

/** Runs the probe in the emulator of @heddle/wasm-host, where time passes when it is told to. */
export async function startHostSide({ wasm, plans, tcpPlans }: HostSideOptions): Promise<ProbeSide> {
  const options: FilterOptions = {
    wasm,
    name: 'probe',
    rootId: 'probe-root',
    configuration: 'the plugin configuration',
    vmConfiguration: plans,
    environment: { PROBE: 'yes' },
    logLevel: 'info',
    foreignFunctions: nodeForeignFunctions,
    clusters: {
      live: answerTo,
      empty: () => 'no-host',
      dead: () => ({
        status: 503,
        headers: { 'content-length': String(RESET.length), 'content-type': 'text/plain' },
        body: RESET,
      }),
    },
    grpc: { live: playGrpc, dead: refuseGrpc(REFUSED) },
    properties: {
      ...CONNECTION_PROPERTIES,
      'request.protocol': 'HTTP/2',
      'xds.route_name': 'the-route',
      'xds.virtual_host_name': 'all',
    },
  };
  const plain = await createFilter({ ...options, vmId: 'probe' });
  const stops = await createFilter({ ...options, vmId: 'probe-stops', allowsStopIteration: true });
  const tcp = await createFilter({
    ...options,
    vmId: 'probe-tcp',
    vmConfiguration: tcpPlans,
    properties: CONNECTION_PROPERTIES,
  });
  for (const filter of [plain, stops]) await filter.clock.advance(500);
  const linesOf = (filter: EmulatedFilter, from: number) => filter.logs.slice(from).map(({ message }) => message);
  return {
    name: 'host',
    rootLines: linesOf(plain, 0),
    async run(probeCase) {
      const filter = probeCase.allowsStopIteration === true ? stops : plain;
      const from = filter.logs.length;
      const { name, request = {}, response = {} } = probeCase;
      const { body, trailers, headers = [], method = body === undefined ? 'GET' : 'POST' } = request;
      const exchange = await filter.open(
        {
          method,
          path: `/${name}?a=b`,
          authority: 'probe.test',
          headers: [['x-case', name], ...headers, ['x-forwarded-proto', 'http']],
          ...(body === undefined ? {} : { body: body.map(bytesOf) }),
          ...(trailers === undefined ? {} : { trailers }),
        },
        {
          status: response.status ?? 200,
          headers: response.headers ?? [],
          ...(response.body === undefined ? {} : { body: response.body.map(bytesOf) }),
          ...(response.trailers === undefined ? {} : { trailers: response.trailers }),
        },
      );
      if (probeCase.leavesAfter !== undefined) await exchange.leave();
      await filter.clock.advance(2000);
      return outcomeOf(exchange.result, linesOf(filter, from));
    },
    runTcp: (tcpCase) => runTcpInHost(tcpCase, tcp),
    close: () => {
      tcp.close();
      plain.close();
      stops.close();
      return Promise.resolve();
    },
  };
}

function outcomeOf(result: Result, lines: readonly string[]): CaseOutcome {
  const message = (headers: Result['headers'], body: string, trailers: Result['headers']): SeenMessage => ({
    headers: Object.entries(headers),
    body,
    trailers: Object.entries(trailers),
  });
  const { outcome, upstream } = result;
  return {
    client:
      outcome === 'answered'
        ? message(result.headers, result.body, result.trailers)
        : outcome === 'reset'
          ? 'reset'
          : 'nothing',
    upstream: upstream === undefined ? undefined : message(upstream.headers, upstream.body, upstream.trailers),
    lines: lines.filter((line) => parseLine(line) !== undefined),
    printed: lines.filter((line) => parseLine(line) === undefined),
  };
}

const CONNECTION_PROPERTIES = { 'xds.filter_chain_name': 'the-chain', 'xds.node': 'a node' };

const RESET = 'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure';
const REFUSED = `${RESET}{upstream_reset_before_response_started{remote_connection_failure\x7cdelayed_connect_error:_Connection_refused}}`;

const UNAVAILABLE = 14;

type Grpc = NonNullable<FilterOptions['grpc']>[string];

/** What Envoy tells of a gRPC call that does not reach its cluster. */
function refuseGrpc(reason: string): Grpc {
  return (call) => {
    call.sendInitialMetadata({});
    call.sendTrailingMetadata({
      ':status': '200',
      'content-type': 'application/grpc',
      'grpc-status': String(UNAVAILABLE),
      'grpc-message': RESET,
    });
    call.end(UNAVAILABLE, reason);
  };
}

const playGrpc: Grpc = (call) => {
  const act = (message: string | undefined, end: boolean) => {
    for (const answer of answerGrpc(call.methodName, message, end)) {
      if ('initial' in answer) {
        // Envoy says how long it took if the request was over by then.
        const time = call.isHalfClosed ? { 'x-envoy-upstream-service-time': '1' } : {};
        call.sendInitialMetadata({ ...Object.fromEntries(answer.initial), ...time });
      } else if ('message' in answer) call.send(answer.message);
      else {
        const trailers = Object.fromEntries(answer.end);
        // Trailers that are all that comes.
        if (':status' in trailers) call.sendInitialMetadata({});
        call.sendTrailingMetadata(trailers);
        // Envoy says behind the message how the answer came.
        const message = trailers['grpc-message'];
        call.end(Number(trailers['grpc-status']), message === undefined ? 'via_upstream' : `${message}{via_upstream}`);
      }
    }
  };
  // When the module has sent what it sends at once.
  const later = (message: string | undefined, end: boolean) => queueMicrotask(() => act(message, end));
  later(undefined, false);
  call.onMessage((message, end) => later(Buffer.from(message).toString('latin1'), end));
};

/** Answers a callout as the peer does. */
function answerTo(call: HttpCall): ReturnType<NonNullable<FilterOptions['clusters']>[string]> {
  const found = answerCallout(pathOf(call), Buffer.from(call.body).toString('latin1'));
  if (found === undefined) return undefined;
  const [[, status] = [':status', '200'], ...headers] = found.headers;
  return {
    status: Number(status),
    headers: [...headers, ['x-envoy-upstream-service-time', '1']],
    body: found.body,
    ...(pathOf(call) === '/slow' ? { delayMs: SLOW_MS } : {}),
    ...(found.trailers.length === 0 ? {} : { trailers: found.trailers }),
  };
}

function pathOf(call: HttpCall): string {
  return call.headers.find(([name]) => name === ':path')?.[1] ?? '';
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
