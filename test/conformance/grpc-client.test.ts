import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js';
import * as grpcXds from '@grpc/grpc-js-xds';
import { createDiscoveryServer, type DiscoveryServer } from '@heddle/discovery';
import { type ServedDiscovery, serveDiscovery } from '@heddle/discovery/node';
import { CLUSTER_TYPE_URL } from '@heddle/envoy-api';
import { type CompiledView, viewOf, type XdsResource, xdsResource } from '@heddle/model';
import { cluster, TYPE_URLS, viewOffering } from '@heddle/testing/ads';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { allToCluster, apiListener, localityEndpoints } from './grpc-resources.ts';

// gRPC for Node with its own xDS client: state of the world, everything by name.

const NODE_ID = 'sidecar~127.0.0.1~client-1.shop~shop.svc.cluster.local';
const text = { serialize: (value: string) => Buffer.from(value), deserialize: (bytes: Buffer) => bytes.toString() };
const SAY = '/heddle.test.Echo/Say';
const echoService: ServiceDefinition = {
  say: {
    path: SAY,
    requestStream: false,
    responseStream: false,
    requestSerialize: text.serialize,
    requestDeserialize: text.deserialize,
    responseSerialize: text.serialize,
    responseDeserialize: text.deserialize,
  },
};

let compiled: CompiledView = viewOffering([]);
let server: DiscoveryServer;
const ports: Record<'a' | 'b', number> = { a: 0, b: 0 };
const backends: Server[] = [];
const clients: Client[] = [];

let served: ServedDiscovery;

beforeAll(async () => {
  server = createDiscoveryServer({ resolveView: (node) => viewOf(node, new Set()), compile: () => compiled });
  served = await serveDiscovery({ server, address: '127.0.0.1:0' });
  // gRPC's xDS client is one for the process and reads this once.
  process.env['GRPC_XDS_BOOTSTRAP_CONFIG'] = JSON.stringify({
    xds_servers: [{ server_uri: served.address, channel_creds: [{ type: 'insecure' }], server_features: ['xds_v3'] }],
    // It insists on a locality.
    node: { id: NODE_ID, locality: {} },
  });
  grpcXds.register();
  for (const name of ['a', 'b'] as const) {
    const backend = new Server();
    backend.addService(echoService, {
      say: (call: { request: string }, reply: (error: null, answer: string) => void) =>
        reply(null, `${name}: ${call.request}`),
    });
    ports[name] = await new Promise<number>((resolve, reject) => {
      backend.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    backends.push(backend);
  }
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

afterAll(async () => {
  for (const backend of backends) backend.forceShutdown();
  // gRPC's xDS client never closes its half of the connection: the server must end all the same.
  await served.close();
});

function dial(target: string): Client {
  const client = new Client(target, credentials.createInsecure());
  clients.push(client);
  return client;
}

/** One call; the answer, or the status in words. */
function say(client: Client, options: { readonly waitForReady?: boolean } = {}): Promise<string> {
  const metadata = new Metadata({ waitForReady: options.waitForReady === true });
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      SAY,
      text.serialize,
      text.deserialize,
      'hello',
      metadata,
      { deadline: Date.now() + 15_000 },
      (error, answer) => resolve(error === null ? (answer ?? '') : `${status[error.code]} ${error.details}`),
    );
  });
}

function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

function offer(...resources: readonly XdsResource[]): void {
  compiled = viewOffering(resources);
  server.update();
}

/** Calls until an answer comes; gives all answers before it. */
async function callUntil(client: Client, wanted: string): Promise<string[]> {
  const before: string[] = [];
  for (;;) {
    const answer = await say(client);
    if (answer === wanted) return before;
    before.push(answer);
  }
}

/** What the clients refused of a type. gRPC has a stream for each target, and keeps it when the channel is closed. */
function rejected(typeUrl: string) {
  return server
    .streams()
    .flatMap(({ types }) => types.flatMap((type) => (type.typeUrl === typeUrl ? type.rejected : [])));
}

const TARGET = 'echo.shop.svc.cluster.local:80';

test('calls a service by routes of its own resource, and follows its endpoints without a failed call', async () => {
  const rest = [apiListener(TARGET, { byName: 'routes' }), allToCluster('routes', 'one'), cluster('one')];
  offer(...rest, localityEndpoints('one', [ports.a]));
  const client = dial(`xds:///${TARGET}`);
  expect(await say(client)).toBe('a: hello');
  await server.settled();
  expect(server.streams().map(({ types }) => types.map(({ label }) => label))).toEqual([['CDS', 'EDS', 'LDS', 'RDS']]);

  offer(...rest, localityEndpoints('one', [ports.b]));
  const answers = await callUntil(client, 'b: hello');
  expect(answers.filter((answer) => answer !== 'a: hello')).toEqual([]);
});

test('follows a route to a cluster that is new in the same update, and the old one goes away', async () => {
  const listener = apiListener(TARGET, { byName: 'routes' });
  offer(listener, allToCluster('routes', 'one'), cluster('one'), localityEndpoints('one', [ports.a]));
  const client = dial(`xds:///${TARGET}`);
  expect(await say(client)).toBe('a: hello');
  offer(listener, allToCluster('routes', 'two'), cluster('two'), localityEndpoints('two', [ports.b]));
  const answers = await callUntil(client, 'b: hello');
  expect(answers.filter((answer) => answer !== 'a: hello')).toEqual([]);
});

test('calls a service whose routes are in its listener', async () => {
  offer(apiListener('inline', { toCluster: 'one' }), cluster('one'), localityEndpoints('one', [ports.a]));
  expect(await say(dial('xds:///inline'))).toBe('a: hello');
});

test('a call waits for a service that does not exist yet, and is made when it appears', async () => {
  offer();
  const before = server.streams().length;
  const answer = say(dial('xds:///later'), { waitForReady: true });
  // The client has asked: the server knows the name.
  while (!server.streams()[before]?.types.some(({ typeUrl }) => typeUrl === TYPE_URLS.LDS)) {
    await moment();
  }
  offer(apiListener('later', { toCluster: 'one' }), cluster('one'), localityEndpoints('one', [ports.b]));
  expect(await answer).toBe('b: hello');
});

test('refuses a cluster that it cannot use, and goes on with the last good one', async () => {
  const rest = [apiListener('inline', { toCluster: 'one' }), localityEndpoints('one', [ports.a])];
  offer(...rest, cluster('one'));
  const client = dial('xds:///inline');
  expect(await say(client)).toBe('a: hello');
  await server.settled();
  // A cluster with a name and nothing else is of type STATIC, which gRPC does not know.
  const broken = xdsResource(CLUSTER_TYPE_URL, 'one', new Uint8Array([0x0a, 3, 0x6f, 0x6e, 0x65]));
  offer(...rest, broken);
  await server.settled();
  expect(rejected(CLUSTER_TYPE_URL)).toContainEqual(
    expect.objectContaining({
      name: 'one',
      version: broken.version,
      lastGoodVersion: cluster('one').version,
    }),
  );
  expect(await say(client)).toBe('a: hello');
  offer(...rest, cluster('one', 5n));
  await server.settled();
  expect(rejected(CLUSTER_TYPE_URL)).toEqual([]);
  expect(await say(client)).toBe('a: hello');
});
