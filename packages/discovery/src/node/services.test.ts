import { Code, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { AggregatedDiscoveryService } from '@heddle/envoy-api/discovery';
import {
  ClusterDiscoveryService,
  EndpointDiscoveryService,
  ExtensionConfigDiscoveryService,
  ListenerDiscoveryService,
  RouteDiscoveryService,
  SecretDiscoveryService,
  VirtualHostDiscoveryService,
} from '@heddle/envoy-api/discovery-services';
import { viewOf, xdsResource } from '@heddle/model';
import { TEST_NODE_ID, TYPE_URLS, viewOffering } from '@heddle/testing/ads';
import { afterEach, describe, expect, test } from 'vitest';
import { createDiscoveryServer } from '../discovery-server.ts';
import { RESOURCE_TYPES } from '../resource-type.ts';
import { serveDiscovery } from './serve-discovery.ts';

const { CDS, EDS, SDS, ECDS, LDS, RDS, VHDS } = TYPE_URLS;
const REGISTERED = 'type.googleapis.com/example.Anything';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function setUp() {
  const offer = viewOffering(
    [CDS, EDS, SDS, ECDS, LDS, RDS, VHDS, REGISTERED].map((type) => xdsResource(type, 'a', new Uint8Array([1]))),
  );
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => offer,
    types: [
      ...RESOURCE_TYPES,
      { typeUrl: REGISTERED, label: 'ANY', wildcard: false, absent: 'removed', removedAfter: [] },
    ],
  });
  const served = await serveDiscovery({ server, address: '127.0.0.1:0' });
  cleanups.push(async () => {
    // See the README's limits for what happens on Deno otherwise.
    while (server.streams().length > 0) await new Promise((resolve) => setImmediate(resolve));
    await served.close();
  });
  const transport = createGrpcTransport({ baseUrl: `http://${served.address}` });
  return {
    ads: createClient(AggregatedDiscoveryService, transport),
    lds: createClient(ListenerDiscoveryService, transport),
    cds: createClient(ClusterDiscoveryService, transport),
    rds: createClient(RouteDiscoveryService, transport),
    eds: createClient(EndpointDiscoveryService, transport),
    vhds: createClient(VirtualHostDiscoveryService, transport),
    sds: createClient(SecretDiscoveryService, transport),
    ecds: createClient(ExtensionConfigDiscoveryService, transport),
  };
}

type Clients = Awaited<ReturnType<typeof setUp>>;
type Ads = Clients['ads'];
type Delta = Ads['deltaAggregatedResources'];
type State = Ads['streamAggregatedResources'];

/** Sends one request and gives the first response. */
async function firstOf<Request, Response>(
  call: (requests: AsyncIterable<Request>, options: { signal: AbortSignal }) => AsyncIterable<Response>,
  request: Request,
): Promise<Response> {
  const ending = new AbortController();
  const requests = (async function* () {
    yield request;
    await new Promise((resolve) => ending.signal.addEventListener('abort', resolve));
  })();
  try {
    for await (const response of call(requests, { signal: ending.signal })) return response;
    throw new Error('The stream ended without a response');
  } finally {
    ending.abort();
  }
}

const node = { id: TEST_NODE_ID };

describe('XP-22 Four Variants', () => {
  const deltas: readonly (readonly [string, string, (clients: Clients) => Delta])[] = [
    ['LDS', LDS, ({ lds }) => lds.deltaListeners],
    ['CDS', CDS, ({ cds }) => cds.deltaClusters],
    ['RDS', RDS, ({ rds }) => rds.deltaRoutes],
    ['EDS', EDS, ({ eds }) => eds.deltaEndpoints],
    ['VHDS', VHDS, ({ vhds }) => vhds.deltaVirtualHosts],
    ['SDS', SDS, ({ sds }) => sds.deltaSecrets],
    ['ECDS', ECDS, ({ ecds }) => ecds.deltaExtensionConfigs],
  ];
  const states: readonly (readonly [string, string, (clients: Clients) => State])[] = [
    ['LDS', LDS, ({ lds }) => lds.streamListeners],
    ['CDS', CDS, ({ cds }) => cds.streamClusters],
    ['RDS', RDS, ({ rds }) => rds.streamRoutes],
    ['EDS', EDS, ({ eds }) => eds.streamEndpoints],
    ['SDS', SDS, ({ sds }) => sds.streamSecrets],
    ['ECDS', ECDS, ({ ecds }) => ecds.streamExtensionConfigs],
  ];

  test.each(deltas)('delta, the service of %s', async (_, typeUrl, method) => {
    const response = await firstOf(method(await setUp()), { node, resourceNamesSubscribe: ['a'] });
    expect([response.typeUrl, response.resources.map(({ name }) => name)]).toEqual([typeUrl, ['a']]);
  });

  test.each(states)('state of the world, the service of %s', async (_, typeUrl, method) => {
    const response = await firstOf(method(await setUp()), { node, resourceNames: ['a'] });
    expect([response.typeUrl, response.resources.length]).toEqual([typeUrl, 1]);
  });

  test.each([CDS, EDS, SDS, ECDS, LDS, RDS, VHDS, REGISTERED])('delta, aggregated: %s', async (typeUrl) => {
    const { ads } = await setUp();
    const response = await firstOf(ads.deltaAggregatedResources, { typeUrl, node, resourceNamesSubscribe: ['a'] });
    expect(response.resources.map(({ name }) => name)).toEqual(['a']);
  });

  test.each([CDS, EDS, SDS, ECDS, LDS, RDS, REGISTERED])('state of the world, aggregated: %s', async (typeUrl) => {
    const { ads } = await setUp();
    const response = await firstOf(ads.streamAggregatedResources, { typeUrl, node, resourceNames: ['a'] });
    expect(response.resources).toHaveLength(1);
  });

  test.each(deltas)('delta, the service of %s serves no other type', async (_, typeUrl, method) => {
    const other = typeUrl === CDS ? LDS : CDS;
    await expect(firstOf(method(await setUp()), { typeUrl: other, node })).rejects.toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: expect.stringContaining(`wanted ${typeUrl}`),
    });
  });

  test.each(states)('state of the world, the service of %s serves no other type', async (_, typeUrl, method) => {
    const other = typeUrl === CDS ? LDS : CDS;
    await expect(firstOf(method(await setUp()), { typeUrl: other, node })).rejects.toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: expect.stringContaining(`wanted ${typeUrl}`),
    });
  });

  test.each<[string, (clients: Clients) => Promise<unknown>]>([
    ['LDS', ({ lds }) => lds.fetchListeners({ node })],
    ['CDS', ({ cds }) => cds.fetchClusters({ node })],
    ['RDS', ({ rds }) => rds.fetchRoutes({ node })],
    ['EDS', ({ eds }) => eds.fetchEndpoints({ node })],
    ['SDS', ({ sds }) => sds.fetchSecrets({ node })],
    ['ECDS', ({ ecds }) => ecds.fetchExtensionConfigs({ node })],
  ])('fetching %s is refused by a clear UNIMPLEMENTED', async (_, fetch) => {
    await expect(fetch(await setUp())).rejects.toMatchObject({
      code: Code.Unimplemented,
      rawMessage: 'Fetching is not served; use the streaming method of this service, or aggregated discovery',
    });
  });
});
