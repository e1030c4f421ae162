import { networkInterfaces } from 'node:os';
import { CLUSTER_TYPE_URL, SECRET_TYPE_URL } from '@heddle/envoy-api';
import { viewOf, xdsResource } from '@heddle/model';
import {
  BARRIER_TYPE,
  grpcDeltaTransport,
  type ProtocolClient,
  protocolClient,
  viewOffering,
} from '@heddle/testing/ads';
import { afterEach, describe, expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryEvent } from './discovery-server.ts';
import { isLoopback, serveDiscovery } from './node/serve-discovery.ts';
import { RESOURCE_TYPES } from './resource-type.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const secret = xdsResource(SECRET_TYPE_URL, 'kubernetes://shop', new TextEncoder().encode('key'));
const cluster = xdsResource(CLUSTER_TYPE_URL, 'cluster', new TextEncoder().encode('c'));

function server() {
  const logged: DiscoveryEvent[] = [];
  const discovery = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => viewOffering([secret, cluster]),
    types: [...RESOURCE_TYPES, BARRIER_TYPE],
    log: (event) => void logged.push(event),
  });
  return { discovery, logged };
}

/** What a client is given of each type that it asks for. */
async function given(client: ProtocolClient): Promise<readonly string[]> {
  cleanups.push(() => client.close());
  client.send(CLUSTER_TYPE_URL);
  client.send(SECRET_TYPE_URL, { subscribe: [secret.name] });
  const responses = await client.sync();
  return responses.flatMap(({ resources, removed }) => [
    ...Object.keys(resources),
    ...removed.map((name) => `no ${name}`),
  ]);
}

/** An address of this machine that is not loopback. */
const ownAddress = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe('secrets', () => {
  test('are given within the process', async () => {
    const { discovery } = server();
    cleanups.push(() => discovery.close());
    expect(await given(protocolClient(discovery.connect()))).toEqual(['cluster', secret.name]);
  });

  test.each(['raw', 'connect'] as const)('are given over loopback, %s', async (responsePath) => {
    const { discovery } = server();
    const served = await serveDiscovery({ server: discovery, address: '127.0.0.1:0', responsePath });
    cleanups.push(() => served.close());
    expect(await given(protocolClient(grpcDeltaTransport(served.address)))).toEqual(['cluster', secret.name]);
  });

  test.skipIf(ownAddress === undefined).each(['raw', 'connect'] as const)(
    'do not exist for clients elsewhere, %s (skipped on machines without a network)',
    async (responsePath) => {
      const { discovery, logged } = server();
      const served = await serveDiscovery({ server: discovery, address: `${ownAddress}:0`, responsePath });
      cleanups.push(() => served.close());
      expect(await given(protocolClient(grpcDeltaTransport(served.address)))).toEqual(['cluster', `no ${secret.name}`]);
      const told = logged.filter(({ message }) => message.includes('secrets are not sent'));
      expect(told.map(({ typeUrl }) => typeUrl)).toEqual([SECRET_TYPE_URL]);
    },
  );
});

test.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['', false],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['128.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['::2', false],
  ['127.evil.example', false],
])('isLoopback(%s) is %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});
