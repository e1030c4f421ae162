import type { Socket } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  closedPort,
  clusterOf,
  listenerOf,
  type RawResponse,
  type Running,
  rawRequest,
  resourcesOf,
  startEcho,
  startServer,
  startTcp,
} from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';
import type { UpstreamTransport } from '../upstream-transport.ts';
import { socketTransport } from './socket-transport.ts';
import { undiciTransport } from './undici-transport.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const lead = 'upstream connect error or disconnect/reset before headers.';
const retrying = (on: string, more: JsonObject = {}): JsonObject => ({
  retryPolicy: { retryOn: on, numRetries: 2, retryBackOff: { baseInterval: '0.001s' }, ...more },
});

/** One request through a route to a cluster of these ports. */
async function through(
  transport: UpstreamTransport,
  ports: readonly number[],
  route: JsonObject = {},
  options: { request?: string; cluster?: JsonObject; manager?: JsonObject } = {},
) {
  await using running = await startGateway(
    resourcesOf(
      [
        listenerOf({
          routes: [{ match: { prefix: '/' }, route: { cluster: 'c', ...route } }],
          virtualHost: { includeRequestAttemptCount: true },
          manager: options.manager ?? {},
        }),
      ],
      [clusterOf('c', ports, options.cluster)],
    ),
    { transport },
  );
  const response = await rawRequest(running.port, options.request ?? get);
  const [exchange] = await running.finishedCount(1);
  return { response, exchange, inspection: running.gateway.inspect() };
}

/** A server that answers raw bytes to the first request of each connection and then closes. */
function startBytes(bytes: string): Promise<Running> {
  return startTcp((socket) => socket.once('data', () => socket.end(bytes, 'latin1')));
}

const transports: readonly [string, () => UpstreamTransport][] = [
  ['socketTransport', socketTransport],
  ['undiciTransport', undiciTransport],
];

// What the real Envoy 1.40 answers and logs in the same situations.
describe.each(transports)('failures over %s', (_, transport) => {
  const expectFailure = (
    outcome: {
      response: RawResponse;
      exchange: { responseFlags: readonly string[]; responseDetails: string } | undefined;
    },
    status: number,
    body: string,
    flags: string[],
    details: string,
  ) => {
    expect(outcome.response).toMatchObject({ status, body });
    expect(outcome.response.headers).toMatchObject({ 'content-type': 'text/plain' });
    expect(outcome.exchange?.responseFlags).toEqual(flags);
    expect(outcome.exchange?.responseDetails).toBe(details);
  };

  test('a refused connection is UF', async () => {
    const outcome = await through(transport(), [await closedPort()]);
    const details =
      'upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}';
    expectFailure(outcome, 503, `${lead} reset reason: remote connection failure`, ['UF'], details);
  });

  test('a refused connection after retries is URX,UF', async () => {
    const outcome = await through(transport(), [await closedPort()], retrying('connect-failure'));
    const details =
      'upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}';
    const body = `${lead} retried and the latest reset reason: remote connection failure`;
    expectFailure(outcome, 503, body, ['URX', 'UF'], details);
    expect(outcome.exchange?.attempts).toBe(3);
  });

  test('a connection closed before the answer is UC', async () => {
    await using server = await startBytes('');
    const outcome = await through(transport(), [server.port]);
    const details = 'upstream_reset_before_response_started{connection_termination}';
    expectFailure(outcome, 503, `${lead} reset reason: connection termination`, ['UC'], details);
  });

  test('an answer that is not HTTP is UPE', async () => {
    await using server = await startBytes('hello\r\n\r\n');
    const outcome = await through(transport(), [server.port]);
    const details = 'upstream_reset_before_response_started{protocol_error}';
    expectFailure(outcome, 502, `${lead} reset reason: protocol error`, ['UPE'], details);
  });

  test('an answer that breaks off breaks off for the client', async () => {
    await using server = await startTcp((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc', 'latin1', () =>
          setTimeout(() => socket.destroy(), 20),
        );
      }),
    );
    const { response, exchange } = await through(transport(), [server.port]);
    expect(response).toMatchObject({ status: 200, body: 'abc' });
    expect(exchange?.responseFlags).toEqual(['UPE']);
  });

  test('no answer within the route time-out is UT', async () => {
    await using server = await startTcp(() => {});
    const outcome = await through(transport(), [server.port], { timeout: '0.05s' });
    expectFailure(outcome, 504, 'upstream request timeout', ['UT'], 'response_timeout');
    expect(outcome.inspection.clusters[0]?.stats.upstreamRequestTimeouts).toBe(1);
  });

  test('no answer within one try is UT after retries', async () => {
    await using server = await startTcp(() => {});
    const outcome = await through(transport(), [server.port], retrying('gateway-error', { perTryTimeout: '0.03s' }));
    expectFailure(outcome, 504, 'upstream request timeout', ['URX', 'UT'], 'upstream_per_try_timeout');
    expect(outcome.exchange?.attempts).toBe(3);
  });

  test('nothing moving for the stream idle time-out is SI', async () => {
    await using server = await startTcp(() => {});
    const outcome = await through(
      transport(),
      [server.port],
      { timeout: '0s' },
      { manager: { streamIdleTimeout: '0.1s' } },
    );
    expectFailure(outcome, 504, 'stream timeout', ['SI'], 'stream_idle_timeout');
  });

  test("an idle route time-out takes the place of the connection manager's", async () => {
    await using server = await startTcp(() => {});
    const outcome = await through(transport(), [server.port], { timeout: '0s', idleTimeout: '0.1s' });
    expectFailure(outcome, 504, 'stream timeout', ['SI'], 'stream_idle_timeout');
  });

  test('a stream that lives too long is UMSDR', async () => {
    await using server = await startTcp(() => {});
    const outcome = await through(transport(), [server.port], {
      timeout: '0s',
      maxStreamDuration: { maxStreamDuration: '0.05s' },
    });
    expectFailure(outcome, 504, 'stream timeout', ['UMSDR'], 'max_duration_timeout');
  });

  test.each([
    ['its limit caps it', { grpcTimeoutHeaderMax: '0.05s' }, '1H'],
    ['0 lets it count as it is', { grpcTimeoutHeaderMax: '0s' }, '50m'],
    [
      'an offset comes before the client gives up',
      { grpcTimeoutHeaderMax: '3600s', grpcTimeoutHeaderOffset: '3599.95s' },
      '1H',
    ],
    ["it goes before the stream's own limit", { grpcTimeoutHeaderMax: '0s', maxStreamDuration: '3600s' }, '50m'],
  ])('what grpc-timeout asks for is a limit of the stream: %s', async (_, maxStreamDuration, timeout) => {
    await using server = await startTcp(() => {});
    const outcome = await through(
      transport(),
      [server.port],
      { timeout: '0s', maxStreamDuration },
      { request: `GET / HTTP/1.1\r\nHost: a\r\ngrpc-timeout: ${timeout}\r\n\r\n` },
    );
    expectFailure(outcome, 504, 'stream timeout', ['UMSDR'], 'max_duration_timeout');
  });

  test('grpc-timeout is no limit where the route does not look at it', async () => {
    const answer = (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    await using server = await startTcp((socket) => socket.once('data', () => setTimeout(answer, 100, socket)));
    const outcome = await through(
      transport(),
      [server.port],
      { timeout: '0s', maxStreamDuration: { maxStreamDuration: '10s' } },
      { request: 'GET / HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 10m\r\n\r\n' },
    );
    expect(outcome.response.status).toBe(200);
  });

  test('a request body that stops coming is answered 408', async () => {
    await using server = await startTcp(() => {});
    const outcome = await through(
      transport(),
      [server.port],
      { timeout: '0s' },
      {
        manager: { streamIdleTimeout: '0.1s' },
        request: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na',
      },
    );
    expectFailure(outcome, 408, 'stream timeout', ['SI'], 'stream_idle_timeout');
  });

  test('too many requests at once are UO', async () => {
    await using server = await startTcp(() => {});
    const outcome = await through(
      transport(),
      [server.port],
      {},
      {
        cluster: { circuitBreakers: { thresholds: [{ maxRequests: 0 }] } },
      },
    );
    const details = 'upstream_reset_before_response_started{overflow}';
    expectFailure(outcome, 503, `${lead} reset reason: overflow`, ['UO'], details);
    expect(outcome.response.headers['x-envoy-overloaded']).toBe('true');
  });

  test('too many requests waiting for a connection are UO', async () => {
    await using server = await startTcp(() => {});
    const outcome = await through(
      transport(),
      [server.port],
      {},
      {
        cluster: { circuitBreakers: { thresholds: [{ maxPendingRequests: 0 }] } },
      },
    );
    expect(outcome.exchange?.responseFlags).toEqual(['UO']);
  });
});

describe.each(transports)('retries over %s', (_, transport) => {
  test('go to another endpoint and count', async () => {
    await using echo = await startEcho();
    const ports = [await closedPort(), echo.port];
    const route = retrying('connect-failure', {
      numRetries: 8,
      retryHostPredicate: [{ name: 'envoy.retry_host_predicates.previous_hosts' }],
      hostSelectionRetryMaxAttempts: 5,
    });
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => through(transport(), ports, route)));
    for (const { response } of outcomes) expect(response.status).toBe(200);
    const attempts = outcomes.map(
      ({ response }) => JSON.parse(response.body).headers['x-envoy-attempt-count'] as string,
    );
    expect(attempts.every((count) => Number(count) >= 1 && Number(count) <= 2)).toBe(true);
  });

  test('send the whole body again', async () => {
    const bodies: string[] = [];
    await using server = await startServer((req, res) => {
      let body = '';
      req.on('data', (chunk: Buffer) => {
        body += String(chunk);
      });
      req.on('end', () => {
        bodies.push(body);
        res.statusCode = bodies.length < 3 ? 503 : 200;
        res.end('done');
      });
    });
    const body = 'x'.repeat(50_000);
    const { response, exchange } = await through(transport(), [server.port], retrying('5xx'), {
      request: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    });
    expect(response).toMatchObject({ status: 200, body: 'done' });
    expect(bodies).toEqual([body, body, body]);
    expect(exchange?.responseFlags).toEqual([]);
  });

  test('stop at the circuit breaker for retries', async () => {
    const port = await closedPort();
    const { exchange } = await through(transport(), [port], retrying('connect-failure'), {
      cluster: { circuitBreakers: { thresholds: [{ maxRetries: 0 }] } },
    });
    expect(exchange).toMatchObject({ attempts: 1, responseFlags: ['UO', 'UF'] });
  });

  test('give up a body larger than the buffer limit', async () => {
    let requests = 0;
    await using server = await startServer((req, res) => {
      requests++;
      req.resume().on('end', () => {
        res.statusCode = 503;
        res.end('no');
      });
    });
    const body = 'x'.repeat(2_000_000);
    const { response } = await through(transport(), [server.port], retrying('5xx'), {
      request: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    });
    expect(response).toMatchObject({ status: 503, body: 'no' });
    expect(requests).toBe(1);
  });

  test.each<[string, JsonObject, number]>([
    ['retriable-status-codes', { retriableStatusCodes: [418] }, 3],
    ['gateway-error', {}, 1],
    ['5xx', {}, 1],
  ])('%s decides about 418', async (on, more, attempts) => {
    await using server = await startServer((_req, res) => {
      res.statusCode = 418;
      res.end();
    });
    const { exchange, response } = await through(transport(), [server.port], retrying(on, more));
    expect(response.status).toBe(418);
    expect(exchange?.attempts).toBe(attempts);
  });
});

describe('answers of endpoints', () => {
  let server: Running;
  beforeAll(async () => {
    server = await startTcp((socket) =>
      socket.on('data', (data) => {
        const path = String(data).split(' ')[1] ?? '';
        const answers: Record<string, string> = {
          '/204': 'HTTP/1.1 204 No Content\r\nserver: apache\r\n\r\n',
          '/304': 'HTTP/1.1 304 Not Modified\r\netag: "x"\r\ncontent-length: 5\r\n\r\n',
          '/chunked':
            'HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n3\r\nabc\r\n0\r\nx-t: 1\r\n\r\n',
          '/103': 'HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
          '/nolen': 'HTTP/1.1 200 OK\r\n\r\nuntil close',
          '/head': 'HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n',
          '/two': 'HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nX-Upper: \xe9\r\ncontent-length: 0\r\n\r\n',
        };
        socket.write(answers[path] ?? 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n', 'latin1');
        if (path === '/nolen') socket.end();
      }),
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each<[string, string, number, string, Record<string, string | undefined>]>([
    ['GET', '/204', 204, '', { server: 'envoy', 'content-length': undefined }],
    ['GET', '/304', 304, '', { etag: '"x"', 'content-length': '5' }],
    [
      'GET',
      '/chunked',
      200,
      '3\r\nabc\r\n0\r\n\r\n',
      { 'transfer-encoding': 'chunked', 'keep-alive': undefined, connection: undefined },
    ],
    ['GET', '/103', 200, 'ok', {}],
    ['GET', '/nolen', 200, 'b\r\nuntil close\r\n0\r\n\r\n', { 'transfer-encoding': 'chunked', connection: undefined }],
    ['HEAD', '/head', 200, '', { 'content-length': '7' }],
    ['GET', '/two', 200, '', { 'set-cookie': 'a=1,b=2', 'x-upper': '\xe9' }],
  ])('%s %s is forwarded as Envoy does', async (method, path, status, body, headers) => {
    const request = `${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const { response } = await through(socketTransport(), [server.port], {}, { request });
    expect(response).toMatchObject({ status, body });
    for (const [name, value] of Object.entries(headers)) expect(response.headers[name]).toBe(value);
  });
});

test.each<[string, string]>([
  ['vary: a\r\nvary: b\r\n', 'vary: a,b\r\n'],
  ['set-cookie: a=1\r\nset-cookie: b=2\r\n', 'set-cookie: a=1\r\nset-cookie: b=2\r\n'],
])('%j of an endpoint reaches the client as %j', async (sent, received) => {
  await using server = await startBytes(`HTTP/1.1 200 OK\r\n${sent}content-length: 0\r\n\r\n`);
  const { response } = await through(socketTransport(), [server.port]);
  expect(response.text).toContain(received);
});

test('connections are kept and used again', async () => {
  let connections = 0;
  await using server = await startServer(
    (_req, res) => res.end('ok'),
    (http) => http.on('connection', () => connections++),
  );
  await using running = await startGateway(
    resourcesOf(
      [listenerOf({ routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] })],
      [clusterOf('c', [server.port])],
    ),
  );
  for (let i = 0; i < 5; i++) await rawRequest(running.port, i % 2 === 0 ? get : get.replace('GET', 'HEAD'));
  expect(connections).toBe(1);
});

test('an idle connection closes after the idle time-out', async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await startServer(
    (_req, res) => res.end('ok'),
    (http) => http.on('connection', (socket) => socket.on('close', () => closed.resolve())),
  );
  const cluster = clusterOf('c', [server.port], { commonHttpProtocolOptions: { idleTimeout: '0.05s' } });
  await using running = await startGateway(
    resourcesOf([listenerOf({ routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] })], [cluster]),
  );
  expect(await rawRequest(running.port, get)).toMatchObject({ status: 200 });
  // Waits while the gateway still runs: nothing but the time-out closes the connection.
  await closed.promise;
});

test('a connection on which a request was not sent whole is not used again', async () => {
  let connections = 0;
  // Answers at once, whatever still comes of the body.
  await using server = await startTcp((socket) => {
    connections++;
    socket.on('data', (data) => {
      if (/^(GET|POST) /.test(String(data))) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  await using running = await startGateway(
    resourcesOf(
      [listenerOf({ routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] })],
      [clusterOf('c', [server.port])],
    ),
  );
  const early = await rawRequest(running.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc');
  expect(early).toMatchObject({ status: 200, body: 'ok', headers: { connection: 'close' } });
  expect(await rawRequest(running.port, get)).toMatchObject({ status: 200 });
  expect(connections).toBe(2);
});

test('max_requests_per_connection closes a connection that has served so many', async () => {
  let connections = 0;
  await using server = await startServer(
    (_req, res) => res.end('ok'),
    (http) => http.on('connection', () => connections++),
  );
  await using running = await startGateway(
    resourcesOf(
      [listenerOf({ routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] })],
      [clusterOf('c', [server.port], { maxRequestsPerConnection: 2 })],
    ),
  );
  for (let i = 0; i < 4; i++) await rawRequest(running.port, get);
  expect(connections).toBe(2);
});

test('max_connections makes requests wait for the connection there is', async () => {
  let open = 0;
  let most = 0;
  await using server = await startServer(
    (_req, res) => void setTimeout(() => res.end('ok'), 5),
    (http) =>
      http.on('connection', (socket) => {
        most = Math.max(most, ++open);
        socket.on('close', () => open--);
      }),
  );
  await using running = await startGateway(
    resourcesOf(
      [listenerOf({ routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] })],
      [clusterOf('c', [server.port], { circuitBreakers: { thresholds: [{ maxConnections: 1 }] } })],
    ),
  );
  const responses = await Promise.all(Array.from({ length: 5 }, () => rawRequest(running.port, get)));
  expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(most).toBe(1);
});

test('a client that goes away ends the request to the endpoint', async () => {
  const gone = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using server = await startServer((req, _res) => {
    arrived.resolve();
    req.on('close', () => gone.resolve());
  });
  await using running = await startGateway(
    resourcesOf(
      [listenerOf({ routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] })],
      [clusterOf('c', [server.port])],
    ),
  );
  const { connect } = await import('node:net');
  const socket = connect(running.port, '127.0.0.1', () => socket.write(get));
  await arrived.promise;
  socket.destroy();
  await gone.promise;
  const [exchange] = await running.finishedCount(1);
  expect(exchange).toMatchObject({ responseFlags: ['DC'], responseDetails: 'downstream_remote_disconnect' });
  expect(running.gateway.inspect().clusters[0]?.stats.upstreamRequestsActive).toBe(0);
});
