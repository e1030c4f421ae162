import { connect } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { clusterOf, listenerOf, resourcesOf, startServer, startTcp } from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';

function mirrored(mirror: number, original: number, policy: JsonObject = {}) {
  const route: JsonObject = {
    cluster: 'original',
    timeout: '0s',
    requestMirrorPolicies: [{ cluster: 'mirror', ...policy }],
  };
  return startGateway(
    resourcesOf(
      [listenerOf({ routes: [{ match: { prefix: '/' }, route }] })],
      [clusterOf('original', [original]), clusterOf('mirror', [mirror])],
    ),
  );
}

/** A promise with its resolver at hand. */
function signal<T = void>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const sink = () =>
  startServer((req, res) => {
    let length = 0;
    req.on('data', (chunk: Buffer) => {
      length += chunk.length;
    });
    req.on('end', () => res.end(String(length)));
  });

describe('mirrors', () => {
  test('one that reads nothing holds nothing up', async () => {
    await using deaf = await startTcp((socket) => void socket.pause());
    await using original = await sink();
    await using running = await mirrored(deaf.port, original.port);
    const body = Buffer.alloc(32 * 1024 * 1024, 'x');
    const response = await fetch(`http://127.0.0.1:${running.port}/`, { method: 'POST', body });
    expect(await response.text()).toBe(String(body.length));
    // Given up for what it did not take, though the request is over and well.
    const { clusters } = running.gateway.inspect();
    expect(clusters.find(({ name }) => name === 'mirror')).toMatchObject({
      stats: { upstreamRequestsActive: 0, upstreamRequestsTotal: 1 },
    });
  });

  test('one that has its request whole goes on after the answer', async () => {
    const release = signal();
    const whole = signal<string>();
    await using slow = await startServer((req, res) => {
      let text = '';
      void release.promise.then(() => {
        req.on('data', (chunk: Buffer) => {
          text += String(chunk);
        });
        req.on('end', () => {
          res.end();
          whole.resolve(text);
        });
      });
    });
    await using original = await sink();
    await using running = await mirrored(slow.port, original.port);
    const response = await fetch(`http://127.0.0.1:${running.port}/`, { method: 'POST', body: 'hello' });
    expect(await response.text()).toBe('5');
    await running.finishedCount(1);
    release.resolve();
    expect(await whole.promise).toBe('hello');
  });

  test('one whose request will never be whole is broken off with it', async () => {
    const [began, broken] = [signal(), signal()];
    await using mirror = await startServer((req) => {
      req.on('error', () => {});
      req.once('close', () => broken.resolve());
      req.once('data', () => began.resolve());
    });
    await using original = await sink();
    await using running = await mirrored(mirror.port, original.port);
    const socket = connect(running.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
    await began.promise;
    socket.destroy();
    await broken.promise;
  });

  test('its answers are read, so that one connection serves again and again', async () => {
    const sockets = new Set<unknown>();
    let requests = 0;
    let seen: () => void = () => {};
    await using mirror = await startServer((req, res) => {
      sockets.add(req.socket);
      requests++;
      res.end(Buffer.alloc(200_000));
      res.once('finish', () => seen());
    });
    await using original = await sink();
    await using running = await mirrored(mirror.port, original.port);
    for (let i = 0; i < 5; i++) {
      const answered = new Promise<void>((resolve) => {
        seen = resolve;
      });
      await (await fetch(`http://127.0.0.1:${running.port}/`)).text();
      await answered;
      const idle = () => running.gateway.inspect().clusters.every(({ stats }) => stats.upstreamRequestsActive === 0);
      while (!idle()) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(requests).toBe(5);
    expect(sockets.size).toBe(1);
  });

  test.each([
    [{}, 'shop.test:8080', 'shop.test-shadow:8080'],
    [{}, 'shop.test', 'shop.test-shadow'],
    [{ disableShadowHostSuffixAppend: true }, 'shop.test', 'shop.test'],
  ])('%j: the host %s is told as %s', async (policy, host, told) => {
    const got = signal<string>();
    await using mirror = await startServer((req, res) => {
      got.resolve(req.headers.host ?? '');
      res.end();
    });
    await using original = await sink();
    await using running = await mirrored(mirror.port, original.port, policy);
    const socket = connect(running.port, '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    expect(await got.promise).toBe(told);
    socket.destroy();
  });

  test('what is not implemented has a name', async () => {
    await using original = await sink();
    await using running = await mirrored(original.port, original.port, { cluster: '', clusterHeader: 'x-mirror' });
    expect(running.gateway.inspect().problems.map(({ message }) => message)).toEqual([
      'request_mirror_policies.cluster_header is not implemented',
    ]);
  });
});
