import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  closedPort,
  clusterOf,
  type Echo,
  listenerOf,
  resourcesOf,
  startEcho,
  startServer,
} from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';
import { compileGate, type GateOptions, gateFilter, routerFilter } from '../../test/wasm-gate.ts';
import type { FilterLogLine } from '../wasm/wasm-plugins.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  wasm = await compileGate();
}, 60_000);

interface Setting extends GateOptions {
  /** Filters in place of the one. */
  readonly filters?: readonly JsonObject[];
  readonly clusters?: Readonly<Record<string, number>>;
  readonly http2Clusters?: Readonly<Record<string, number>>;
  readonly bufferLimitBytes?: number;
  readonly routes?: readonly JsonObject[];
}

const HTTP2: JsonObject = {
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicitHttpConfig: { http2ProtocolOptions: {} },
    },
  },
};

/** A gateway whose listener has the filter, in front of an upstream. */
async function start(upstream: number, setting: Setting = {}) {
  const {
    filters = [gateFilter(wasm, setting)],
    clusters = {},
    http2Clusters = {},
    routes = [],
    bufferLimitBytes,
  } = setting;
  const everything: JsonObject = { name: 'everything', match: { prefix: '/' }, route: { cluster: 'c' } };
  const listener = listenerOf({
    manager: {
      httpFilters: [...filters, routerFilter],
      routeConfig: {
        name: 'routes',
        virtualHosts: [{ name: 'all', domains: ['*'], routes: [...routes, everything] }],
      },
    },
  });
  const logs: FilterLogLine[] = [];
  const running = await startGateway(
    resourcesOf(
      [bufferLimitBytes === undefined ? listener : { ...listener, perConnectionBufferLimitBytes: bufferLimitBytes }],
      [
        clusterOf('c', [upstream]),
        clusterOf('empty', []),
        ...Object.entries(clusters).map(([name, port]) => clusterOf(name, [port])),
        ...Object.entries(http2Clusters).map(([name, port]) => clusterOf(name, [port], HTTP2)),
      ],
    ),
    { onFilterLog: (line) => void logs.push(line), node: { id: 'gateway-1' } },
  );
  return Object.assign(running, { logs });
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Sent in these pieces, without a length. */
  readonly body?: readonly (string | Uint8Array)[];
}

/** Sends a request that asks the filter for something. */
function ask(
  port: number,
  words: string,
  { path = '/', method = 'GET', headers = {}, body }: Sent = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      {
        port,
        host: '127.0.0.1',
        path,
        method: body === undefined ? method : 'POST',
        headers: { 'x-do': words, ...headers },
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    call.on('error', reject);
    for (const piece of body ?? []) call.write(piece);
    call.end();
  });
}

const echoOf = (answer: Answer): Echo => JSON.parse(answer.body) as Echo;

describe('a filter in WebAssembly', () => {
  test('changes requests and responses, logs and counts', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, { configuration: 'one' });
    const answer = await ask(running.port, '', { path: '/hello' });
    expect(echoOf(answer)).toMatchObject({ path: '/hello', headers: { 'x-gate': 'one' } });
    expect(answer.headers['x-gate']).toBe('one 200');
    await running.finishedCount(1);
    expect(running.logs.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'info configured one',
      'info log /hello 200 via_upstream',
    ]);
    const { filters, filterMetrics } = running.gateway.inspect();
    expect(filters).toMatchObject([{ plugin: 'gate', state: 'running' }]);
    expect(filterMetrics).toMatchObject([{ name: 'gate_requests', value: 1n }]);
  });

  test('answers in place of the upstream, and its answer passes it', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port);
    const answer = await ask(running.port, 'reply');
    expect(answer).toMatchObject({
      status: 403,
      body: 'no way\n',
      headers: { 'x-gate': 'gate 403', 'content-length': '7', 'content-type': 'text/plain' },
    });
    const [exchange] = await running.finishedCount(1);
    expect(exchange).toMatchObject({ responseDetails: 'gate_says_so', host: undefined });
  });

  test('answers gRPC clients in their way', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port);
    const answer = await ask(running.port, 'reply', { headers: { 'content-type': 'application/grpc' } });
    expect(answer).toMatchObject({
      status: 200,
      body: '',
      headers: { 'grpc-status': '7', 'grpc-message': 'no way%0A' },
    });
  });

  test('that fails refuses this request and all later ones', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port);
    expect((await ask(running.port, 'trap')).status).toBe(503);
    expect((await ask(running.port, '')).status).toBe(503);
    const [exchange] = await running.finishedCount(1);
    expect(exchange?.responseDetails).toBe('wasm_fail_stream');
    expect(running.gateway.inspect().filters).toMatchObject([{ state: 'failed' }]);
  });

  test('that fails lets requests pass where its policy says so', async () => {
    await using echo = await startEcho();
    await using open = await start(echo.port, { plugin: { failurePolicy: 'FAIL_OPEN' } });
    // As in Envoy, the request in which it fails does not.
    expect((await ask(open.port, 'trap')).status).toBe(503);
    const after = await ask(open.port, 'trap');
    expect([after.status, after.headers['x-gate']]).toEqual([200, undefined]);
    await using alwaysOpen = await start(echo.port, { plugin: { failOpen: true } });
    expect((await ask(alwaysOpen.port, 'trap')).status).toBe(200);
    expect((await ask(alwaysOpen.port, 'trap')).status).toBe(200);
  });

  test('chooses the route by what it writes', async () => {
    await using echo = await startEcho('usual');
    await using other = await startEcho('other');
    await using running = await start(echo.port, {
      clusters: { other: other.port },
      routes: [
        { match: { path: '/other' }, route: { cluster: 'other' } },
        {
          match: { prefix: '/', headers: [{ name: 'x-team', stringMatch: { exact: 'blue' } }] },
          route: { cluster: 'other' },
        },
      ],
    });
    expect(echoOf(await ask(running.port, '')).server).toBe('usual');
    expect(echoOf(await ask(running.port, 'route'))).toMatchObject({ server: 'other', path: '/other' });
    expect(echoOf(await ask(running.port, 'route-by-header')).server).toBe('other');
  });

  test('asks for properties of the exchange', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port);
    const answer = await ask(running.port, 'properties', { path: '/p?q=1' });
    expect(echoOf(answer).headers['x-properties']).toBe('/p?q=1 GET c everything gateway-1 127.0.0.1');
  });

  test('cannot write what would begin another header', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port);
    expect(await ask(running.port, 'split')).toMatchObject({ status: 503, body: 'invalid header value for: x-split' });
    const [exchange] = await running.finishedCount(1);
    expect(exchange).toMatchObject({
      host: undefined,
      responseFlags: ['DPE'],
      responseDetails: 'filter_removed_required_request_headers{invalid_header_value_for:_x-split}',
    });
  });

  test('stands in its place among other filters', async () => {
    await using echo = await startEcho();
    const fault: JsonObject = {
      name: 'envoy.filters.http.fault',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
        abort: { httpStatus: 418, percentage: { numerator: 100 } },
        headers: [{ name: 'x-gate', stringMatch: { exact: 'second' } }],
      },
    };
    const filters = [
      gateFilter(wasm, { configuration: 'first' }, 'a'),
      gateFilter(wasm, { configuration: 'second' }, 'b'),
      fault,
    ];
    await using running = await start(echo.port, { filters });
    const answer = await ask(running.port, '');
    expect(answer.status).toBe(418);
    // Responses pass in reverse: the first filter writes last.
    expect(answer.headers['x-gate']).toBe('first 418');
  });
});

describe('bodies', () => {
  test('pass in pieces, whatever their size, when the filter does not want them', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, { bufferLimitBytes: 10_000 });
    const body = Array.from({ length: 40 }, (_, index) => String.fromCharCode(97 + (index % 26)).repeat(50_000));
    expect(echoOf(await ask(running.port, '', { body })).body).toBe(body.join(''));
  });

  test('of requests are changed', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port);
    expect(echoOf(await ask(running.port, 'upper', { body: ['one ', 'two'] })).body).toBe('ONE TWO');
  });

  test('of requests are seen before headers go on, where that is allowed', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, { plugin: { allowOnHeadersStopIteration: true } });
    const seen = echoOf(await ask(running.port, 'wait-for-body', { body: ['one ', 'two'] }));
    expect(seen).toMatchObject({ body: 'ONE TWO', headers: { 'x-length': '7', 'content-length': '7' } });
  });

  test('that are too long to hold are refused', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, { bufferLimitBytes: 1000 });
    const answer = await ask(running.port, 'upper', { body: ['x'.repeat(900), 'y'.repeat(900)] });
    expect(answer).toMatchObject({ status: 413, body: 'Payload Too Large' });
    const [exchange] = await running.finishedCount(1);
    expect(exchange?.responseDetails).toBe('request_payload_too_large');
  });

  test('of responses are changed', async () => {
    await using upstream = await startServer((_request, response) => {
      response.write('one ');
      setTimeout(() => response.end('two'), 5);
    });
    await using running = await start(upstream.port);
    expect((await ask(running.port, 'swap')).body).toBe('swapped 7');
  });

  test('of responses are seen before their head goes out, where that is allowed', async () => {
    await using upstream = await startServer((_request, response) => response.end('whole'));
    await using running = await start(upstream.port, { plugin: { allowOnHeadersStopIteration: true } });
    const answer = await ask(running.port, 'hold-response');
    expect(answer).toMatchObject({ body: 'swapped 5', headers: { 'content-length': '9' } });
  });

  test('of responses that are too long to hold become a 500, if the head is held too', async () => {
    await using upstream = await startServer((_request, response) => response.end('z'.repeat(5000)));
    await using running = await start(upstream.port, {
      bufferLimitBytes: 1000,
      plugin: { allowOnHeadersStopIteration: true },
    });
    expect(await ask(running.port, 'hold-response')).toMatchObject({ status: 500, body: 'Internal Server Error' });
  });

  test('responses without one have their head filtered', async () => {
    await using upstream = await startServer((request, response) => {
      response.statusCode = request.method === 'HEAD' ? 200 : 204;
      response.end();
    });
    await using running = await start(upstream.port);
    expect(await ask(running.port, '', { method: 'HEAD' })).toMatchObject({
      status: 200,
      headers: { 'x-gate': 'gate 200' },
    });
    expect(await ask(running.port, '')).toMatchObject({ status: 204, headers: { 'x-gate': 'gate 204' } });
  });

  test('a response is refused in its stead, past the filters', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port);
    const answer = await ask(running.port, 'refuse-response');
    expect(answer).toMatchObject({ status: 451, body: 'not for you\n' });
    expect(answer.headers['x-gate']).toBeUndefined();
    expect((await running.finishedCount(1))[0]?.responseDetails).toBe('gate_says_so');
  });
});

describe('calls of a filter', () => {
  test('go to clusters of the gateway; the request waits for the answer', async () => {
    await using echo = await startEcho();
    const seen: string[] = [];
    await using auth = await startServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers['x-asks']}`);
      response.end('yes');
    });
    await using running = await start(echo.port, { clusters: { auth: auth.port } });
    const answer = await ask(running.port, 'call', { body: ['kept'] });
    expect(echoOf(answer)).toMatchObject({ headers: { 'x-call': '200 yes' }, body: 'kept' });
    expect(seen).toEqual(['GET /check auth.test gate']);
    expect(running.gateway.inspect().clusters.find(({ name }) => name === 'auth')?.stats).toMatchObject({
      upstreamRequestsTotal: 1,
      upstreamRequestsActive: 0,
    });
  });

  test('to a cluster that is not there are refused at once', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port);
    expect(await ask(running.port, 'call,call-nowhere')).toMatchObject({ status: 500, body: 'call refused: 2\n' });
    // As from Envoy, whose call to a cluster without endpoints fails within the hostcall.
    expect(await ask(running.port, 'call', { headers: { 'x-cluster': 'empty' } })).toMatchObject({
      status: 500,
      body: 'call refused: 10\n',
    });
  });

  test('that are not answered in time end', async () => {
    await using echo = await startEcho();
    await using mute = await startServer(() => {});
    await using running = await start(echo.port, { clusters: { auth: mute.port } });
    expect(echoOf(await ask(running.port, 'call,impatient')).headers['x-call']).toBe('504 upstream request timeout');
  });

  test('over gRPC', async () => {
    await using echo = await startEcho();
    const server = createHttp2Server();
    server.on('stream', (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const text = Buffer.from(`${headers[':path']} ${Buffer.concat(chunks).subarray(5).toString()}`);
        const prefix = Buffer.alloc(5);
        prefix.writeUInt32BE(text.length, 1);
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.concat([prefix, text]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await using running = await start(echo.port, { http2Clusters: { rpc: port } });
      expect(echoOf(await ask(running.port, 'grpc')).headers['x-grpc']).toBe('/test.Greeter/Hello hi');
    } finally {
      server.close();
    }
  });

  test('over gRPC to an endpoint that is not there end with a status', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, { http2Clusters: { rpc: await closedPort() } });
    expect(echoOf(await ask(running.port, 'grpc')).headers['x-grpc-status']).toBe('14');
  });
});
