import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import {
  closedPort,
  clusterOf,
  type Echo,
  listenerOf,
  rawRequest,
  resourcesOf,
  startEcho,
  startServer,
  startTcp,
} from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';
import { createStandaloneGateway } from './standalone-gateway.ts';

const to = (cluster: string): JsonObject => ({ match: { prefix: '/' }, route: { cluster, timeout: '0s' } });
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('apply', () => {
  test('changes routes under load without losing a request', async () => {
    await using one = await startEcho('one');
    await using two = await startEcho('two');
    const clusters = [clusterOf('one', [one.port]), clusterOf('two', [two.port])];
    await using running = await startGateway(resourcesOf([listenerOf({ routes: [to('one')] })], clusters));
    let changing = true;
    const statuses: number[] = [];
    const load = Array.from({ length: 8 }, async () => {
      while (changing) statuses.push((await rawRequest(running.port, get)).status);
    });
    for (let i = 0; i < 40; i++) {
      const listener = listenerOf({ routes: [to(i % 2 === 0 ? 'two' : 'one')] });
      await running.gateway.apply(resourcesOf([listener], clusters));
      await new Promise((resolve) => setImmediate(resolve));
    }
    changing = false;
    await Promise.all(load);
    expect(statuses.length).toBeGreaterThan(20);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const { body } = await rawRequest(running.port, get);
    expect((JSON.parse(body) as Echo).server).toBe('one');
  });

  test('lets a request finish on the endpoint that left, then closes its connection', async () => {
    const release = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    await using old = await startServer(
      (_req, res) => {
        arrived.resolve();
        void release.promise.then(() => res.end('old'));
      },
      (http) => http.on('connection', (socket) => socket.on('close', () => closed.resolve())),
    );
    await using fresh = await startEcho('fresh');
    const listener = listenerOf({ routes: [to('c')] });
    await using running = await startGateway(resourcesOf([listener], [clusterOf('c', [old.port])]));
    const slow = rawRequest(running.port, get);
    await arrived.promise;
    await running.gateway.apply(resourcesOf([listener], [clusterOf('c', [fresh.port])]));
    expect((JSON.parse((await rawRequest(running.port, get)).body) as Echo).server).toBe('fresh');
    release.resolve();
    expect(await slow).toMatchObject({ status: 200, body: 'old' });
    await closed.promise;
  });

  test('closes idle connections to an endpoint that left', async () => {
    const closed = Promise.withResolvers<void>();
    await using old = await startServer(
      (_req, res) => res.end('old'),
      (http) => http.on('connection', (socket) => socket.on('close', () => closed.resolve())),
    );
    const listener = listenerOf({ routes: [to('c')] });
    await using running = await startGateway(resourcesOf([listener], [clusterOf('c', [old.port])]));
    await rawRequest(running.port, get);
    await running.gateway.apply(resourcesOf([listener], [clusterOf('c', [])]));
    await closed.promise;
  });

  test('keeps the connections of a cluster that did not change', async () => {
    let connections = 0;
    await using server = await startServer(
      (_req, res) => res.end('ok'),
      (http) => http.on('connection', () => connections++),
    );
    const cluster = clusterOf('c', [server.port]);
    await using running = await startGateway(resourcesOf([listenerOf({ routes: [to('c')] })], [cluster]));
    await rawRequest(running.port, get);
    await running.gateway.apply(resourcesOf([listenerOf({ routes: [to('c')] })], [cluster]));
    await rawRequest(running.port, get);
    expect(connections).toBe(1);
    expect(running.gateway.inspect().clusters[0]?.stats.upstreamRequestsTotal).toBe(2);
  });

  test('keeps the connections of endpoints that stay when others come', async () => {
    let connections = 0;
    await using server = await startServer(
      (_req, res) => res.end('ok'),
      (http) => http.on('connection', () => connections++),
    );
    const listener = listenerOf({ routes: [to('c')] });
    const eds: JsonObject = { type: 'EDS', edsClusterConfig: { edsConfig: { ads: {} } } };
    const { loadAssignment: before } = clusterOf('c', [server.port]);
    const { loadAssignment: after } = clusterOf('c', [server.port, { port: await closedPort(), health: 'UNHEALTHY' }]);
    const cluster = clusterOf('c', [], eds);
    const state = (assignment: typeof before) => ({
      ...resourcesOf([listener], [cluster]),
      endpoints: new Map(assignment === undefined ? [] : [['c', assignment]]),
    });
    await using running = await startGateway(state(before));
    await rawRequest(running.port, get);
    await running.gateway.apply(state(after));
    await rawRequest(running.port, get);
    expect(connections).toBe(1);
    expect(running.gateway.inspect().clusters[0]?.endpoints).toHaveLength(2);
  });

  test('drains a listener that goes: its requests finish, new connections are refused', async () => {
    const release = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    await using server = await startServer((_req, res) => {
      arrived.resolve();
      void release.promise.then(() => res.end('late'));
    });
    const cluster = clusterOf('c', [server.port]);
    await using running = await startGateway(resourcesOf([listenerOf({ routes: [to('c')] })], [cluster]));
    const slow = rawRequest(running.port, get);
    await arrived.promise;
    await running.gateway.apply(resourcesOf([], [cluster]));
    expect(running.gateway.addresses().size).toBe(0);
    await expect(rawRequest(running.port, get)).rejects.toThrow('ECONNREFUSED');
    release.resolve();
    const response = await slow;
    expect(response).toMatchObject({ status: 200, body: 'late' });
    expect(response.headers['connection']).toBe('close');
  });

  test('tells HTTP/2 clients to go when their listener goes', async () => {
    await using running = await startGateway(resourcesOf([listenerOf({})], []));
    const session = connectHttp2(`http://127.0.0.1:${running.port}`);
    await new Promise((resolve) => session.request({ ':path': '/' }).on('response', resolve).resume());
    const goaway = new Promise((resolve) => session.on('goaway', resolve));
    await running.gateway.apply(resourcesOf([], []));
    await goaway;
  });

  test('closes idle connections of a listener that goes', async () => {
    await using running = await startGateway(resourcesOf([listenerOf({})], []));
    const socket = connect(running.port, '127.0.0.1', () => socket.write(get));
    await new Promise((resolve) => socket.once('data', resolve));
    const ended = new Promise((resolve) => socket.once('end', resolve));
    await running.gateway.apply(resourcesOf([], []));
    await ended;
    socket.destroy();
  });

  test('keeps the socket when a listener of another name takes its address', async () => {
    const port = await closedPort();
    await using running = await startGateway(resourcesOf([listenerOf({ name: 'before', port })], []));
    await running.gateway.apply(
      resourcesOf(
        [listenerOf({ name: 'after', port, routes: [{ match: { prefix: '/' }, directResponse: { status: 201 } }] })],
        [],
      ),
    );
    expect([...running.gateway.addresses().keys()]).toEqual(['after']);
    expect(await rawRequest(port, get)).toMatchObject({ status: 201 });
  });

  test('says which address is taken and serves the rest', async () => {
    await using taken = await startTcp(() => {});
    const gateway = createStandaloneGateway();
    const applied = gateway.apply(resourcesOf([listenerOf({ name: 'taken', port: taken.port }), listenerOf({})], []));
    await expect(applied).rejects.toThrow(
      `Cannot bind listener "taken": 127.0.0.1:${taken.port} is in use by another process (EADDRINUSE)`,
    );
    expect(await rawRequest(gateway.addresses().get('web')?.port ?? 0, get)).toMatchObject({ status: 404 });
    await gateway.close({ drainTimeoutMs: 0 });
  });

  test('binds a taken address once it is free and the next state comes', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as { port: number };
    const resources = resourcesOf([listenerOf({ port })], []);
    const gateway = createStandaloneGateway();
    await expect(gateway.apply(resources)).rejects.toMatchObject({ code: 'bind-failed' });
    await new Promise((resolve) => blocker.close(resolve));
    await gateway.apply(resources);
    expect(await rawRequest(port, get)).toMatchObject({ status: 404 });
    await gateway.close({ drainTimeoutMs: 0 });
  });

  test.each<[string, JsonObject, string]>([
    [
      'TLS',
      { transportSocket: { name: 'envoy.transport_sockets.alts' } },
      'transport_socket "envoy.transport_sockets.alts" is not implemented, wanted TLS or plain text',
    ],
    [
      'a ring without bounds',
      { lbPolicy: 'RING_HASH', ringHashLbConfig: { minimumRingSize: 70_000 } },
      'minimum_ring_size 70000 is too large, at most 65536 is accepted',
    ],
    [
      'a table without bounds',
      { lbPolicy: 'MAGLEV', maglevLbConfig: { tableSize: 65_539 } },
      'table_size 65539 is too large, at most 65537 is accepted',
    ],
    [
      'ORIGINAL_DST',
      { type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED' },
      'type ORIGINAL_DST is not implemented: the gateway has no original destination',
    ],
  ])('refuses a cluster with %s by name and answers 503 for it', async (_, more, message) => {
    await using running = await startGateway(
      resourcesOf([listenerOf({ routes: [to('c')] })], [clusterOf('c', [1], more)]),
    );
    expect(running.gateway.inspect().problems).toContainEqual({ kind: 'cluster', name: 'c', message });
    expect(await rawRequest(running.port, get)).toMatchObject({ status: 503, body: '' });
  });

  test('resolves the names of a STRICT_DNS cluster and keeps the last answer', async () => {
    await using echo = await startEcho('named');
    let tell: (result: { addresses: string[] } | { problem: string }) => void = () => {};
    const resolver = {
      watch(name: string, _options: unknown, listener: typeof tell) {
        expect(name).toBe('backend.example');
        tell = listener;
        return () => {};
      },
    };
    const cluster = clusterOf('c', [{ port: echo.port, host: 'backend.example' }], { type: 'STRICT_DNS' });
    await using running = await startGateway(resourcesOf([listenerOf({ routes: [to('c')] })], [cluster]), { resolver });
    expect(await rawRequest(running.port, get)).toMatchObject({ status: 503, body: 'no healthy upstream' });
    tell({ addresses: ['127.0.0.1'] });
    expect(await rawRequest(running.port, get)).toMatchObject({ status: 200 });
    tell({ problem: 'SERVFAIL' });
    expect(await rawRequest(running.port, get)).toMatchObject({ status: 200 });
    tell({ addresses: [] });
    expect(await rawRequest(running.port, get)).toMatchObject({ status: 503 });
  });
});
