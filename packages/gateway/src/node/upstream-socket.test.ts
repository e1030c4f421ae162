import { readFileSync } from 'node:fs';
import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test, vi } from 'vitest';
import { clusterOf, listenerOf, rawRequest, resourcesOf, startEcho, startTcp } from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';
import type { UpstreamPoolOptions } from '../upstream-transport.ts';
import { openUpstreamSocket } from './upstream-socket.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

const options: UpstreamPoolOptions = {
  protocol: 'http1',
  connectTimeoutMs: 1000,
  idleTimeoutMs: 0,
  maxConnectionDurationMs: 0,
  maxRequestsPerConnection: 0,
  enableTrailers: false,
  maxConnections: 1,
  maxResponseHeaderBytes: 1024,
  tcpKeepAlive: undefined,
  http2: { maxConcurrentStreams: 1, streamWindowBytes: 65_535, connectionWindowBytes: 65_535, keepAlive: undefined },
};

/** Seconds until the kernel probes an established connection to a port, as /proc/net/tcp tells; undefined when it never does. */
function secondsToProbe(port: number): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, , remote = '', state, , timer = ''] = line.trim().split(/\s+/);
    if (!remote.endsWith(`:${hex}`) || state !== '01') continue;
    const [kind, jiffies = '0'] = timer.split(':');
    return kind === '02' ? Number.parseInt(jiffies, 16) / 100 : undefined;
  }
  return undefined;
}

async function probeAfter(cluster: JsonObject): Promise<number | undefined> {
  await using server = await startEcho();
  await using running = await startGateway(
    resourcesOf(
      [listenerOf({ routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] })],
      [clusterOf('c', [server.port], cluster)],
    ),
  );
  await rawRequest(running.port, get);
  return secondsToProbe(server.port);
}

describe('openUpstreamSocket', () => {
  // Linux alone tells of its timers.
  test.runIf(process.platform === 'linux')(
    'the kernel probes silent connections when a cluster asks for it',
    async () => {
      expect(await probeAfter({})).toBeUndefined();
      const seconds = await probeAfter({ upstreamConnectionOptions: { tcpKeepalive: { keepaliveTime: 500 } } });
      expect(seconds).toBeGreaterThan(400);
      expect(seconds).toBeLessThanOrEqual(500);
    },
  );

  test.each([
    ['only the time', { idleSeconds: 7, intervalSeconds: undefined, probes: undefined }, [true, 7000]],
    ['the interval', { idleSeconds: 7, intervalSeconds: 5, probes: undefined }, [true, 7000, 5000, 9]],
    ['the probes', { idleSeconds: undefined, intervalSeconds: undefined, probes: 3 }, [true, 0, 75_000, 3]],
  ])('sets what is asked for: %s', async (_, tcpKeepAlive, wanted) => {
    await using server = await startTcp((socket) => socket.resume());
    const { Socket } = await import('node:net');
    const set = vi.spyOn(Socket.prototype, 'setKeepAlive');
    try {
      const { socket } = openUpstreamSocket({ host: '127.0.0.1', port: server.port }, { ...options, tcpKeepAlive });
      expect(set.mock.calls).toEqual([wanted]);
      socket.destroy();
    } finally {
      set.mockRestore();
    }
  });
});
