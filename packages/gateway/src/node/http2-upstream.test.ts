import { connect as connectHttp2, constants, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { clusterOf, listenerOf, rawRequest, resourcesOf, startTcp } from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** An HTTP/2 server with prior knowledge; `connections` counts those it has had. */
async function startHttp2(
  onStream: (stream: ServerHttp2Stream, requestOfConnection: number) => void,
  settings: { maxConcurrentStreams?: number } = {},
) {
  let connections = 0;
  const sockets = new Set<Socket>();
  const counts = new WeakMap<object, number>();
  const server: Http2Server = createServer({ settings });
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('sessionError', () => {});
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    const session = stream.session as object;
    const count = (counts.get(session) ?? 0) + 1;
    counts.set(session, count);
    onStream(stream, count);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return connections;
    },
    get openConnections() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const protocolOptions = (http2: JsonObject = {}, common: JsonObject = {}): JsonObject => ({
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      commonHttpProtocolOptions: common,
      explicitHttpConfig: { http2ProtocolOptions: http2 },
    },
  },
});

const retrying = (on: string): JsonObject => ({
  retryPolicy: { retryOn: on, numRetries: 2, retryBackOff: { baseInterval: '0.001s' } },
});

function gatewayTo(port: number, options: { http2?: JsonObject; common?: JsonObject; route?: JsonObject } = {}) {
  return startGateway(
    resourcesOf(
      [listenerOf({ routes: [{ match: { prefix: '/' }, route: { cluster: 'c', ...options.route } }] })],
      [clusterOf('c', [port], protocolOptions(options.http2, options.common))],
    ),
  );
}

const answer = (stream: ServerHttp2Stream, body = 'ok'): void => {
  stream.respond({ ':status': 200 });
  stream.end(body);
};

describe('HTTP/2 to endpoints', () => {
  test('requests share one connection', async () => {
    await using server = await startHttp2((stream) => answer(stream));
    await using running = await gatewayTo(server.port);
    const first = await rawRequest(running.port, get);
    expect(first).toMatchObject({ status: 200, body: expect.stringContaining('ok') });
    await Promise.all(Array.from({ length: 20 }, () => rawRequest(running.port, get)));
    expect(server.connections).toBe(1);
  });

  test('as many connections are opened as the limit of streams asks for', async () => {
    const held: ServerHttp2Stream[] = [];
    await using server = await startHttp2((stream) => {
      held.push(stream);
      if (held.length === 6) for (const one of held) answer(one);
    });
    await using running = await gatewayTo(server.port, { http2: { maxConcurrentStreams: 2 } });
    const answers = await Promise.all(Array.from({ length: 6 }, () => rawRequest(running.port, get)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(server.connections).toBe(3);
  });

  test('what the endpoint allows is kept to', async () => {
    const held: ServerHttp2Stream[] = [];
    await using server = await startHttp2(
      (stream, number) => {
        // The first one lets the gateway learn the limit.
        if (number === 1 && held.length === 0 && server.connections === 1 && !learned) {
          learned = true;
          answer(stream);
          return;
        }
        held.push(stream);
        if (held.length === 4) for (const one of held) answer(one);
      },
      { maxConcurrentStreams: 2 },
    );
    let learned = false;
    await using running = await gatewayTo(server.port);
    await rawRequest(running.port, get);
    await Promise.all(Array.from({ length: 4 }, () => rawRequest(running.port, get)));
    expect(server.connections).toBe(2);
  });

  test('a connection takes as many requests as max_requests_per_connection says', async () => {
    const numbers: number[] = [];
    await using server = await startHttp2((stream, number) => {
      numbers.push(number);
      answer(stream);
    });
    await using running = await gatewayTo(server.port, { common: { maxRequestsPerConnection: 2 } });
    for (let i = 0; i < 5; i++) await rawRequest(running.port, get);
    expect(numbers).toEqual([1, 2, 1, 2, 1]);
  });

  test('a refused stream is tried again on refused-stream, and is UR without', async () => {
    let refused = 0;
    const refuseOnce = (stream: ServerHttp2Stream): void => {
      if (refused++ === 0) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else answer(stream);
    };
    await using server = await startHttp2(refuseOnce);
    await using retries = await gatewayTo(server.port, { route: retrying('refused-stream') });
    expect(await rawRequest(retries.port, get)).toMatchObject({ status: 200 });
    refused = 0;
    await using plain = await gatewayTo(server.port);
    expect(await rawRequest(plain.port, get)).toMatchObject({ status: 503 });
    const [exchange] = await plain.finishedCount(1);
    expect(exchange?.responseFlags).toEqual(['UR']);
    expect(exchange?.responseDetails).toBe('upstream_reset_before_response_started{remote_refused_stream_reset}');
  });

  test('after GOAWAY what is under way ends, and what follows takes another connection', async () => {
    await using server = await startHttp2((stream, number) => {
      if (number === 1 && server.connections === 1) {
        stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
        setTimeout(() => answer(stream, 'late'), 50);
      } else answer(stream);
    });
    await using running = await gatewayTo(server.port);
    const first = rawRequest(running.port, get);
    expect((await first).body).toContain('late');
    expect(await rawRequest(running.port, get)).toMatchObject({ status: 200 });
    expect(server.connections).toBe(2);
  });

  test('a lost connection is UC for each request on it', async () => {
    await using server = await startTcp((socket) => socket.once('data', () => setTimeout(() => socket.destroy(), 30)));
    await using running = await gatewayTo(server.port);
    const answers = await Promise.all([rawRequest(running.port, get), rawRequest(running.port, get)]);
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    const exchanges = await running.finishedCount(2);
    expect(exchanges.map(({ responseFlags }) => responseFlags)).toEqual([['UC'], ['UC']]);
  });

  test('an endpoint that leaves a ping unanswered is let go', async () => {
    await using server = await startTcp((socket) => socket.resume());
    await using running = await gatewayTo(server.port, {
      http2: { connectionKeepalive: { interval: '0.05s', timeout: '0.05s' } },
    });
    expect(await rawRequest(running.port, get)).toMatchObject({ status: 503 });
    const [exchange] = await running.finishedCount(1);
    expect(exchange?.responseFlags).toEqual(['UC']);
  });

  test('pings keep a connection that answers them', async () => {
    await using server = await startHttp2((stream) => setTimeout(() => answer(stream), 400));
    await using running = await gatewayTo(server.port, {
      http2: { connectionKeepalive: { interval: '0.02s', timeout: '5s' } },
    });
    expect(await rawRequest(running.port, get)).toMatchObject({ status: 200 });
  });

  test('idle connections close', async () => {
    await using server = await startHttp2((stream) => answer(stream));
    await using running = await gatewayTo(server.port, { common: { idleTimeout: '0.05s' } });
    await rawRequest(running.port, get);
    await expect.poll(() => server.openConnections).toBe(0);
    expect(await rawRequest(running.port, get)).toMatchObject({ status: 200 });
    expect(running.gateway.inspect().clusters[0]?.stats.upstreamConnectionsTotal).toBe(2);
  });

  test('an old connection takes no more requests', async () => {
    await using server = await startHttp2((stream) => answer(stream));
    await using running = await gatewayTo(server.port, { common: { maxConnectionDuration: '0.05s' } });
    await rawRequest(running.port, get);
    await expect.poll(() => server.openConnections).toBe(0);
  });

  test('messages of a stream pass both ways before either side has ended, with trailers both ways', async () => {
    const seen: string[] = [];
    await using server = await startHttp2((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.on('trailers', (trailers) => seen.push(`trailer ${trailers['x-sum']}`));
      stream.on('data', (chunk: Buffer) => {
        seen.push(chunk.toString());
        stream.write(`echo ${chunk.toString()}`);
      });
      stream.on('end', () => stream.end());
    });
    await using running = await gatewayTo(server.port);
    const client = connectHttp2(`http://127.0.0.1:${running.port}`);
    const call = client.request(
      { ':method': 'POST', ':path': '/s', 'content-type': 'application/grpc', te: 'trailers' },
      { endStream: false, waitForTrailers: true },
    );
    call.on('wantTrailers', () => call.sendTrailers({ 'x-sum': '3' }));
    const next = () =>
      new Promise<string>((resolve) => call.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    for (const message of ['one', 'two', 'three']) {
      call.write(message);
      expect(await next()).toBe(`echo ${message}`);
    }
    const trailers = new Promise((resolve) => call.on('trailers', resolve));
    call.end();
    call.resume();
    expect(await trailers).toMatchObject({ 'grpc-status': '0' });
    expect(seen).toEqual(['one', 'two', 'three', 'trailer 3']);
    client.close();
  });

  test('a slow client slows the endpoint, and nothing is held in between', async () => {
    const size = 8 * 1024 * 1024;
    let written = 0;
    await using server = await startHttp2((stream) => {
      stream.respond({ ':status': 200 });
      const chunk = Buffer.alloc(64 * 1024, 'x');
      const write = (): void => {
        while (written < size) {
          written += chunk.length;
          if (!stream.write(chunk)) {
            stream.once('drain', write);
            return;
          }
        }
        stream.end();
      };
      write();
    });
    await using running = await gatewayTo(server.port, {
      http2: { initialStreamWindowSize: 65_536, initialConnectionWindowSize: 65_536 },
    });
    const client = connectHttp2(`http://127.0.0.1:${running.port}`, { settings: { initialWindowSize: 65_536 } });
    const call = client.request({ ':path': '/' });
    await new Promise((resolve) => call.once('response', resolve));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(written).toBeLessThan(size / 2);
    let received = 0;
    call.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await new Promise((resolve) => call.once('end', resolve));
    expect(received).toBe(size);
    client.close();
  });
});
