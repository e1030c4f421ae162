import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { closedPort, clusterOf, type Echo, listenerOf, resourcesOf, startEcho, startServer } from '../test/fixture.ts';
import { fetchTransport } from './fetch-transport.ts';
import { createGateway, type GatewayOptions } from './gateway.ts';
import { socketTransport } from './node/socket-transport.ts';
import type { UpstreamTransport } from './upstream-transport.ts';

const transports: readonly [string, () => UpstreamTransport][] = [
  ['fetchTransport', fetchTransport],
  ['socketTransport', socketTransport],
];
const toEcho = { match: { prefix: '/' }, route: { cluster: 'c', timeout: '0s' } };

function gatewayTo(port: number, options: Partial<GatewayOptions> = {}) {
  return createGateway({
    resources: resourcesOf([listenerOf({ routes: [toEcho] })], [clusterOf('c', [port])]),
    ...options,
  });
}

describe.each(transports)('createGateway over %s', (name, transport) => {
  test('forwards a Request and streams the Response', async () => {
    await using echo = await startEcho();
    const gateway = gatewayTo(echo.port, { transport: transport() });
    const response = await gateway.fetch(
      new Request('http://shop.example/a?b=1', { method: 'POST', body: 'hello', headers: { 'X-A': '1' } }),
      { remoteAddress: '::ffff:192.0.2.9' },
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('server')).toBe('envoy');
    const seen = (await response.json()) as Echo;
    expect(seen).toMatchObject({ method: 'POST', path: '/a?b=1', body: 'hello' });
    expect(seen.headers).toMatchObject({ 'x-a': '1', 'x-forwarded-proto': 'http' });
    // Node's fetch sends the endpoint's address whatever it is given.
    if (name !== 'fetchTransport') expect(seen.headers['host']).toBe('shop.example');
    gateway.close();
  });

  test('answers as Envoy what it cannot forward', async () => {
    const gateway = gatewayTo(await closedPort(), { transport: transport() });
    const response = await gateway.fetch(new Request('http://a/'));
    expect(response.status).toBe(503);
    expect(await response.text()).toBe(
      'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure',
    );
    gateway.close();
  });

  test.each([204, 304])('passes %d without a body', async (status) => {
    await using server = await startServer((_req, res) => {
      res.statusCode = status;
      res.end();
    });
    const gateway = gatewayTo(server.port, { transport: transport() });
    const response = await gateway.fetch(new Request('http://a/'));
    expect(response.status).toBe(status);
    expect(response.body).toBeNull();
    gateway.close();
  });

  test('passes redirects and cookies on as they are', async () => {
    await using server = await startServer((_req, res) => {
      res.writeHead(302, ['location', '/next', 'set-cookie', 'a=1', 'set-cookie', 'b=2']);
      res.end();
    });
    const gateway = gatewayTo(server.port, { transport: transport() });
    const response = await gateway.fetch(new Request('http://a/'));
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/next');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    gateway.close();
  });

  test('makes the endpoint wait while nobody reads the body', async () => {
    const total = 64 * 1024 * 1024;
    let written = 0;
    const stalled = Promise.withResolvers<void>();
    await using server = await startServer((_req, res) => {
      res.writeHead(200, { 'content-length': total });
      const chunk = Buffer.alloc(64 * 1024);
      const write = () => {
        while (written < total) {
          written += chunk.length;
          if (!res.write(chunk)) {
            // No room again within this time: every buffer on the way is full.
            const timer = setTimeout(() => stalled.resolve(), 500);
            res.once('drain', () => {
              clearTimeout(timer);
              write();
            });
            return;
          }
        }
        stalled.resolve();
      };
      write();
    });
    const gateway = gatewayTo(server.port, { transport: transport() });
    const response = await gateway.fetch(new Request('http://a/'));
    await stalled.promise;
    expect(written).toBeLessThan(total / 2);
    expect((await response.arrayBuffer()).byteLength).toBe(total);
    gateway.close();
  });

  test('gives up the endpoint when the body is cancelled', async () => {
    const gone = Promise.withResolvers<void>();
    await using server = await startServer((req, res) => {
      res.write('first');
      req.on('close', () => gone.resolve());
    });
    const gateway = gatewayTo(server.port, { transport: transport() });
    const response = await gateway.fetch(new Request('http://a/'));
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await gone.promise;
    gateway.close();
  });

  test('gives up the endpoint when the request is aborted', async () => {
    const arrived = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    await using server = await startServer((req) => {
      arrived.resolve();
      req.on('close', () => gone.resolve());
    });
    const gateway = gatewayTo(server.port, { transport: transport() });
    const abort = new AbortController();
    void gateway.fetch(new Request('http://a/', { signal: abort.signal }));
    await arrived.promise;
    abort.abort();
    await gone.promise;
    gateway.close();
  });
});

describe('createGateway', () => {
  test('stands in a Hono app between middleware of its user', async () => {
    await using echo = await startEcho();
    const gateway = gatewayTo(echo.port, { transport: socketTransport() });
    const app = new Hono();
    const log: string[] = [];
    app.use(async (c, next) => {
      if (c.req.header('authorization') !== 'Bearer let-me-in') return c.text('who are you?', 401);
      log.push(`> ${c.req.path}`);
      await next();
      c.header('x-through', 'hono');
      log.push(`< ${c.res.status}`);
    });
    app.get('/own', (c) => c.text('my own route'));
    app.all('*', (c) => gateway.fetch(c.req.raw));

    expect((await app.request('/a')).status).toBe(401);
    const headers = { authorization: 'Bearer let-me-in' };
    expect(await (await app.request('/own', { headers })).text()).toBe('my own route');
    const response = await app.request('http://shop.example/a', { headers });
    expect(response.headers.get('x-through')).toBe('hono');
    expect((await response.json()) as Echo).toMatchObject({ path: '/a', headers: { host: 'shop.example' } });
    expect(log).toEqual(['> /own', '< 200', '> /a', '< 200']);
    gateway.close();
  });

  test('serves real clients through the Hono server of Node', async () => {
    await using echo = await startEcho();
    const gateway = gatewayTo(echo.port, { transport: socketTransport() });
    const app = new Hono().all('*', (c) => gateway.fetch(c.req.raw));
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/a`, { method: 'POST', body: 'x'.repeat(200_000) });
    expect(((await response.json()) as Echo).body).toHaveLength(200_000);
    await new Promise((resolve) => server.close(resolve));
    gateway.close();
  });

  test('says what is wrong with the id of its node', () => {
    const transport = { open: () => ({ send() {}, responses: (async function* () {})(), close() {} }) };
    expect(() => createGateway({ xds: { transport, node: { id: 'me' } } })).toThrow(
      'Cannot follow a control plane: node id "me" has 1 parts, wanted TYPE~IP~NAME.NAMESPACE~DNS_DOMAIN',
    );
  });

  test.each<[string, Request, string]>([
    [
      'an upgrade',
      new Request('http://a/', { headers: { connection: 'upgrade', upgrade: 'websocket' } }),
      'Cannot upgrade to "websocket": a gateway mounted through fetch has no raw connection\n',
    ],
    [
      'gRPC',
      new Request('http://a/', { method: 'POST', headers: { 'content-type': 'application/grpc' } }),
      'Cannot serve gRPC: a gateway mounted through fetch has no trailers\n',
    ],
  ])('refuses %s by name', async (_, request, message) => {
    const response = await gatewayTo(1).fetch(request);
    expect(response.status).toBe(501);
    expect(await response.text()).toBe(message);
  });

  test('refuses a transport socket that is not implemented by name', () => {
    const listener = listenerOf({});
    const [chain] = listener.filterChains;
    if (chain === undefined) throw new Error('the fixture has a filter chain');
    chain.transportSocket = {
      $typeName: 'envoy.config.core.v3.TransportSocket',
      name: 'envoy.transport_sockets.alts',
      configType: { case: undefined },
    };
    const gateway = createGateway({ resources: resourcesOf([listener], []) });
    expect(gateway.inspect().problems).toEqual([
      {
        kind: 'listener',
        name: 'web',
        message: 'transport socket "envoy.transport_sockets.alts" is not implemented, wanted TLS or plain text',
      },
    ]);
  });

  test('serves the listener that was chosen by name or port', async () => {
    const answering = (name: string, port: number, status: number) =>
      listenerOf({ name, port, routes: [{ match: { prefix: '/' }, directResponse: { status } }] });
    const resources = resourcesOf([answering('one', 8001, 201), answering('two', 8002, 202)], []);
    const status = async (listener?: string | number) => {
      const gateway = createGateway({ resources, ...(listener === undefined ? {} : { listener }) });
      return (await gateway.fetch(new Request('http://a/'))).status;
    };
    expect(await status('one')).toBe(201);
    expect(await status(8002)).toBe(202);
    await expect(status()).rejects.toThrow(
      'Cannot serve a request: found 2 ("one", "two") listeners, wanted one or the option "listener"',
    );
    await expect(status('three')).rejects.toThrow('Cannot serve a request: there is no listener "three"');
  });

  test('obeys the next state from the next request on', async () => {
    const answering = (status: number) =>
      resourcesOf([listenerOf({ routes: [{ match: { prefix: '/' }, directResponse: { status } }] })], []);
    const gateway = createGateway({ resources: answering(201) });
    expect((await gateway.fetch(new Request('http://a/'))).status).toBe(201);
    gateway.apply(answering(202));
    expect((await gateway.fetch(new Request('http://a/'))).status).toBe(202);
    expect(gateway.inspect().listeners[0]?.stats).toMatchObject({ downstreamRequestsTotal: 2, responses2xx: 2 });
  });

  test('runs the filters of the program around the router', async () => {
    await using echo = await startEcho();
    const order: string[] = [];
    const gateway = gatewayTo(echo.port, {
      filters: [
        {
          name: 'outer',
          async onRequest(exchange) {
            await Promise.resolve();
            order.push('outer request');
            exchange.requestHeaders.push('x-outer', '1');
          },
          onResponse: () => void order.push('outer response'),
        },
        {
          name: 'inner',
          onRequest: () => void order.push('inner request'),
          async onResponse(exchange) {
            await Promise.resolve();
            order.push('inner response');
            exchange.responseHeaders.push('x-inner', '1');
          },
          wrapResponseBody: (_exchange, body) => ({
            start: (sink) =>
              body.start({
                write: (chunk) => sink.write(new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase())),
                end: (trailers) => sink.end(trailers),
                abort: (cause) => sink.abort(cause),
              }),
            resume: () => body.resume(),
            cancel: () => body.cancel(),
          }),
          onFinished: () => void order.push('over'),
        },
      ],
    });
    const response = await gateway.fetch(new Request('http://a/'));
    expect(response.headers.get('x-inner')).toBe('1');
    expect(JSON.parse(await response.text())).toMatchObject({ HEADERS: { 'X-OUTER': '1' } });
    expect(order).toEqual(['outer request', 'inner request', 'inner response', 'outer response', 'over']);
  });
});
