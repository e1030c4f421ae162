import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import { ISTIO_STATS_TAGS } from '@heddle/agent';
import { formatPrometheus } from '@heddle/wasm-host';
import { createFilter } from '@heddle/wasm-host/testing';
import { buildFilter } from '@heddle/wasm-tools';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { describeFilter } from '../../test/support/filters/describe-filter.ts';
import type { FilterCase } from '../../test/support/filters/filter-case.ts';
import { requireEnvoy } from '../../test/support/require-envoy.ts';
import { eventually } from '../../test/support/waiting.ts';
import { CALLEE, CALLER, type EnvoyMesh, grpcMessage, startMesh } from './mesh-in-envoy.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const built = buildFilter(folder, { names: false });

const LABELS = [
  'reporter',
  ...['source', 'destination'].flatMap((side) =>
    [
      'workload',
      'workload_namespace',
      'principal',
      'app',
      'version',
      'canonical_service',
      'canonical_revision',
      'cluster',
    ].map((label) => `${side}_${label}`),
  ),
  ...['destination_service', 'destination_service_name', 'destination_service_namespace'],
  ...['request_protocol', 'response_flags', 'connection_security_policy', 'response_code', 'grpc_response_status'],
];

/** A metric's name as the filter defines it, before Envoy makes labels of it: labels that are not said are empty. */
function metric(name: string, values: Readonly<Record<string, string>>): string {
  const count = name.includes('_messages_') ? 20 : name.includes('_tcp_') ? 23 : LABELS.length;
  return LABELS.slice(0, count).reduceRight((rest, label) => `${label}=.=${values[label] ?? ''};.;${rest}`, name);
}

/** What Istio's proxies send as `x-envoy-peer-metadata`. */
function metadata(struct: JsonObject): string {
  return Buffer.from(toBinary(StructSchema, fromJson(StructSchema, struct))).toString('base64');
}

const peer = metadata({
  NAME: 'ratings-v1-6b8f7c',
  WORKLOAD_NAME: 'ratings-v1',
  NAMESPACE: 'shop',
  CLUSTER_ID: 'Kubernetes',
  LABELS: {
    app: 'ratings',
    version: 'v1',
    'service.istio.io/canonical-name': 'ratings',
    'service.istio.io/canonical-revision': 'v1',
    'pod-template-hash': '6b8f7c',
  },
});
const own = {
  name: 'reviews-v2',
  namespace: 'default',
  app: 'reviews',
  version: 'v2',
  canonicalService: 'reviews',
  cluster: 'c1',
};
const ownMetadata = metadata({
  WORKLOAD_NAME: 'reviews-v2',
  NAMESPACE: 'default',
  CLUSTER_ID: 'c1',
  LABELS: {
    app: 'reviews',
    version: 'v2',
    'service.istio.io/canonical-name': 'reviews',
    'service.istio.io/canonical-revision': 'v2',
  },
});

const side = (name: 'source' | 'destination', values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([label, value]) => [`${name}_${label}`, value]));
const NOBODY = {
  workload: 'unknown',
  workload_namespace: 'unknown',
  principal: 'unknown',
  app: 'unknown',
  version: 'unknown',
  canonical_service: 'unknown',
  canonical_revision: 'latest',
  cluster: 'unknown',
};
const OWN = {
  workload: 'reviews-v2',
  workload_namespace: 'default',
  principal: 'unknown',
  app: 'reviews',
  version: 'v2',
  canonical_service: 'reviews',
  canonical_revision: 'v2',
  cluster: 'c1',
};
const PEER = {
  workload: 'ratings-v1',
  workload_namespace: 'shop',
  principal: 'unknown',
  app: 'ratings',
  version: 'v1',
  canonical_service: 'ratings',
  canonical_revision: 'v1',
  cluster: 'Kubernetes',
};
const inbound = {
  reporter: 'destination',
  ...side('source', NOBODY),
  ...side('destination', OWN),
  destination_service: 'reviews',
  destination_service_name: 'reviews',
  destination_service_namespace: 'default',
  request_protocol: 'http',
  response_flags: '-',
  connection_security_policy: 'none',
  response_code: '200',
};
const outbound = {
  reporter: 'source',
  ...side('source', OWN),
  ...side('destination', NOBODY),
  destination_service: 'unknown',
  destination_service_name: 'unknown',
  destination_service_namespace: 'unknown',
  request_protocol: 'http',
  response_flags: '-',
  connection_security_policy: 'unknown',
  response_code: '200',
};

const destination = { reporter: 'destination', workload: own };
const source = { reporter: 'source', workload: own };
const trusting = { ...destination, trust: 'always' };
const grpc = { ...destination, withoutLabels: ['grpc_response_status', 'response_code', 'response_flags'] };
const message = (text: string) => `\0\0\0\0${String.fromCharCode(text.length)}${text}`;
const counted = (values: Readonly<Record<string, string>>) => ({ [metric('istio_requests_total', values)]: 1 });
const METADATA = 'x-envoy-peer-metadata';
const METADATA_ID = 'x-envoy-peer-metadata-id';

const cases: readonly FilterCase[] = [
  {
    name: 'a request that comes in',
    configuration: destination,
    request: { body: 'hello' },
    expect: { status: 200, body: 'upstream', metrics: counted(inbound) },
  },
  {
    name: 'a request that goes out',
    configuration: source,
    request: {},
    expect: {
      status: 200,
      // Not to a service of the mesh.
      upstream: { headers: { [METADATA]: null, [METADATA_ID]: null } },
      metrics: counted(outbound),
    },
  },
  {
    name: 'a response that is an error',
    configuration: destination,
    request: { path: '/none' },
    response: { status: 503 },
    expect: { status: 503, metrics: counted({ ...inbound, response_code: '503' }) },
  },
  {
    name: 'a peer that is trusted, and is told in turn',
    configuration: trusting,
    request: { headers: { [METADATA]: peer, [METADATA_ID]: 'ratings-1' } },
    response: { headers: { [METADATA]: peer, [METADATA_ID]: 'the application' } },
    expect: {
      status: 200,
      headers: { [METADATA]: ownMetadata, [METADATA_ID]: /./ },
      upstream: { headers: { [METADATA]: null, [METADATA_ID]: null } },
      metrics: counted({ ...inbound, ...side('source', PEER) }),
    },
  },
  {
    name: 'a peer whose metadata came without padding',
    configuration: trusting,
    request: { headers: { [METADATA]: peer.replace(/=+$/, '') } },
    expect: { status: 200, metrics: counted({ ...inbound, ...side('source', PEER) }) },
  },
  {
    name: 'a client that says nothing is told nothing',
    configuration: trusting,
    request: {},
    response: { headers: { [METADATA]: peer, [METADATA_ID]: 'the application' } },
    expect: { status: 200, headers: { [METADATA]: null, [METADATA_ID]: null }, metrics: counted(inbound) },
  },
  {
    name: 'a stranger who says to be a peer',
    configuration: destination,
    request: { headers: { [METADATA]: peer, [METADATA_ID]: 'ratings-1' } },
    expect: {
      status: 200,
      headers: { [METADATA]: null, [METADATA_ID]: null },
      upstream: { headers: { [METADATA]: null, [METADATA_ID]: null } },
      metrics: counted(inbound),
    },
  },
  {
    name: 'nobody is believed or told',
    configuration: { ...source, trust: 'never' },
    request: { headers: { [METADATA]: peer, [METADATA_ID]: 'me' } },
    response: { headers: { [METADATA]: peer, [METADATA_ID]: 'ratings-1' } },
    expect: {
      status: 200,
      headers: { [METADATA]: null, [METADATA_ID]: null },
      upstream: { headers: { [METADATA]: null, [METADATA_ID]: null } },
      metrics: counted(outbound),
    },
  },
  {
    name: 'an upstream that says who it is',
    configuration: { ...source, trust: 'always' },
    request: { headers: { [METADATA]: peer, [METADATA_ID]: 'the application' } },
    response: { headers: { [METADATA]: peer, [METADATA_ID]: 'ratings-1' } },
    expect: {
      status: 200,
      headers: { [METADATA]: null, [METADATA_ID]: null },
      upstream: { headers: { [METADATA]: ownMetadata, [METADATA_ID]: /./ } },
      metrics: counted({ ...outbound, ...side('destination', PEER), destination_service_namespace: 'shop' }),
    },
  },
  {
    name: 'an upstream without a certificate is not believed',
    configuration: source,
    request: {},
    response: { headers: { [METADATA]: peer, [METADATA_ID]: 'ratings-1' } },
    expect: { status: 200, headers: { [METADATA]: null, [METADATA_ID]: null }, metrics: counted(outbound) },
  },
  ...[
    'nonsense',
    '!',
    Buffer.from('\x0a\xff\xff\xff\xff\x0f', 'latin1').toString('base64'),
    metadata({}),
    metadata({ LABELS: 'none', NAMESPACE: 7 }),
    metadata({ WORKLOAD_NAME: 'x'.repeat(7000) }),
  ].map(
    (value): FilterCase => ({
      name: `what is no peer: ${value.slice(0, 20)} (${value.length})`,
      configuration: trusting,
      request: { headers: { [METADATA]: value, [METADATA_ID]: 'x' } },
      expect: {
        status: 200,
        upstream: { headers: { [METADATA]: null, [METADATA_ID]: null } },
        metrics: counted(inbound),
      },
    }),
  ),
  {
    name: 'a peer with names that are no names',
    configuration: { ...trusting, onlyLabels: ['source_workload', 'source_app'] },
    request: {
      headers: { [METADATA]: metadata({ WORKLOAD_NAME: 'a\nb;.;c', LABELS: { app: `\u{7f}${'y'.repeat(300)}` } }) },
    },
    expect: {
      status: 200,
      metrics: counted({ source_workload: 'a_b_._c', source_app: `_${'y'.repeat(252)}` }),
    },
  },
  {
    name: 'a service by the host that is asked for',
    configuration: { ...destination, services: ['reviews.default.svc.cluster.local'] },
    request: { authority: 'Reviews.default.svc.cluster.local:8080' },
    expect: {
      status: 200,
      metrics: counted({
        ...inbound,
        destination_service: 'reviews.default.svc.cluster.local',
        destination_service_name: 'reviews',
      }),
    },
  },
  {
    name: 'any other host is no label',
    configuration: { ...destination, services: ['reviews.default.svc.cluster.local'] },
    request: { authority: 'made-up.example' },
    expect: { status: 200, metrics: counted(inbound) },
  },
  {
    name: 'labels that are not wanted',
    configuration: {
      onlyLabels: ['reporter', 'response_code'],
      withoutLabels: ['reporter'],
      reporter: 'source',
    },
    request: {},
    expect: { status: 200, metrics: counted({ response_code: '200' }) },
  },
  {
    name: 'gRPC messages',
    configuration: grpc,
    request: {
      method: 'POST',
      headers: { 'content-type': 'application/grpc+proto' },
      body: message('one') + message('') + message('three'),
    },
    response: { headers: { 'content-type': 'application/grpc' }, body: message('answer') + message('more') },
    expect: {
      status: 200,
      metrics: {
        ...counted({ ...inbound, request_protocol: 'grpc', response_code: '', response_flags: '' }),
        [metric('istio_request_messages_total', inbound)]: 3,
        [metric('istio_response_messages_total', inbound)]: 2,
      },
    },
  },
];

describeFilter({
  folder,
  build: async () => (await built).wasm,
  cases,
  refused: [
    { configuration: '{', reason: 'it is not JSON' },
    { configuration: { metrics: [] }, reason: 'metrics: there is no such setting' },
    { configuration: { reporter: 'waypoint' }, reason: 'reporter: ' },
    { configuration: { trust: true }, reason: 'trust: ' },
    { configuration: { maxSeries: 0 }, reason: 'maxSeries: wanted a whole number from 1 to 100000' },
    { configuration: { onlyLabels: ['code'] }, reason: 'onlyLabels[0]: there is no such label' },
    { configuration: { withoutLabels: ['reporter', 'x'] }, reason: 'withoutLabels[1]: there is no such label' },
    { configuration: { services: ['Reviews:80'] }, reason: 'services[0]: wanted the name of a host in lower case' },
    { configuration: { workload: { name: 7 } }, reason: 'workload.name: wanted a text' },
    { configuration: { workload: { pod: 'a' } }, reason: 'workload.pod: there is no such setting' },
  ],
});

describe('in the emulator, further', () => {
  const start = async (configuration: object, properties: Readonly<Record<string, string | Uint8Array>> = {}) =>
    createFilter({ wasm: (await built).wasm, configuration, properties });

  test('the example and Envoys of the mesh have the stats_tags that the build makes', async () => {
    const example = parse(await readFile(join(folder, 'envoy.yaml'), 'utf8')) as {
      stats_config: { stats_tags: unknown };
    };
    expect(example.stats_config.stats_tags).toEqual((await built).statsTags);
    expect(ISTIO_STATS_TAGS).toEqual((await built).statsTags);
    expect((await built).statsTags.map(({ tag_name }) => tag_name)).toEqual([...LABELS].sort());
  });

  test('metrics of the gateway or the emulator make the page that Envoy has', async () => {
    const filter = await start(destination);
    await filter.request({ path: '/' });
    const page = formatPrometheus(filter.metrics, ISTIO_STATS_TAGS);
    expect(page).toMatch(/^# TYPE istio_requests_total counter$/m);
    const [, labels = ''] = /^istio_requests_total\{(.*)\} 1$/m.exec(page) ?? [];
    expect([...labels.matchAll(/([a-z_]+)="[^"]*"/g)].map(([, name]) => name)).toEqual([...LABELS].sort());
    expect(labels).toContain('reporter="destination"');
    expect(labels).toContain('response_code="200"');
  });

  test('a connection is counted with its first byte, and at its end', async () => {
    const filter = await start(destination);
    const labels = { ...inbound, request_protocol: 'tcp' };
    const count = (name: string) => filter.metric(metric(`istio_tcp_${name}_total`, labels));
    const connection = await filter.connection();
    expect(count('connections_opened')).toBe(0);
    await connection.send('hello');
    await connection.answer('hello back');
    await connection.send('!');
    expect(['connections_opened', 'connections_closed', 'received_bytes', 'sent_bytes'].map(count)).toEqual([
      1, 0, 6, 10,
    ]);
    await connection.close();
    expect(count('connections_closed')).toBe(1);
    await (await filter.connection()).close();
    expect([count('connections_opened'), count('connections_closed')]).toEqual([2, 2]);
  });

  test.each([
    {
      cluster: 'outbound|9080|v1|reviews.default.svc.cluster.local',
      is: ['reviews.default.svc.cluster.local', 'reviews', 'default'],
    },
    { cluster: 'outbound|443||api.example.com', is: ['api.example.com', 'api.example.com', 'unknown'] },
    { cluster: 'PassthroughCluster', is: ['unknown', 'PassthroughCluster', 'unknown'] },
    { cluster: 'BlackHoleCluster', is: ['unknown', 'BlackHoleCluster', 'unknown'] },
    { cluster: 'inbound|9080||', is: ['unknown', 'unknown', 'unknown'] },
  ])('the service of $cluster', async ({ cluster, is }) => {
    const filter = await start(source, { 'xds.cluster_name': cluster });
    const { upstream } = await filter.request({});
    const [destination_service = '', destination_service_name = '', destination_service_namespace = ''] = is;
    const labels = { ...outbound, destination_service, destination_service_name, destination_service_namespace };
    expect(filter.metric(metric('istio_requests_total', labels))).toBe(1);
    // Services of the mesh are told who calls.
    expect(upstream?.headers[METADATA]).toBe(cluster.includes('.svc.') ? ownMetadata : undefined);
  });

  test('a certificate names a peer, and its namespace before its headers do', async () => {
    const caller = 'spiffe://cluster.local/ns/front/sa/web';
    const self = 'spiffe://cluster.local/ns/default/sa/reviews';
    const filter = await start(destination, {
      'connection.mtls': Uint8Array.of(1),
      'connection.uri_san_peer_certificate': caller,
      'connection.uri_san_local_certificate': self,
    });
    await filter.request({ headers: { [METADATA]: peer } });
    const labels = {
      ...inbound,
      ...side('source', { ...PEER, workload_namespace: 'front', principal: caller }),
      destination_principal: self,
      connection_security_policy: 'mutual_tls',
    };
    expect(filter.metric(metric('istio_requests_total', labels))).toBe(1);
  });

  test.each([
    { bits: 0, names: '-' },
    { bits: 1 << 6, names: 'UC' },
    { bits: (1 << 5) | (1 << 15), names: 'UF,URX' },
    { bits: 1 << 29, names: 'UDO' },
    { bits: 2 ** 40, names: 'unknown' },
  ])('response flags $names', async ({ bits, names }) => {
    const flags = new Uint8Array(8);
    new DataView(flags.buffer).setBigUint64(0, BigInt(bits), true);
    const filter = await start({ onlyLabels: ['response_flags'] }, { 'response.flags': flags });
    await filter.request({});
    expect(filter.metric(metric('istio_requests_total', { response_flags: names }))).toBe(1);
  });

  test('beyond the limit peers are other, and beyond it again all is', async () => {
    const filter = await start({ ...trusting, maxSeries: 2 });
    const ask = async (name: string, status: number) => {
      await filter.request({ headers: { [METADATA]: metadata({ WORKLOAD_NAME: name }) } }, { status });
    };
    const others = side('source', Object.fromEntries(Object.keys(NOBODY).map((label) => [label, 'other'])));
    const count = (labels: Readonly<Record<string, string>>) => filter.metric(metric('istio_requests_total', labels));
    for (const name of ['a', 'b', 'c', 'd', 'a']) await ask(name, 200);
    expect(count({ ...inbound, ...others })).toBe(2);
    expect(count({ ...inbound, ...side('source', { ...NOBODY, workload: 'a', canonical_service: 'a' }) })).toBe(2);
    for (const status of [201, 202, 203]) await ask('e', status);
    expect(count({ ...inbound, ...others, response_code: '201' })).toBe(1);
    const all = Object.fromEntries(LABELS.map((label) => [label, label === 'grpc_response_status' ? '' : 'other']));
    expect(count(all)).toBe(2);
    // Four kinds of metrics, in five series.
    expect(filter.metrics).toHaveLength(20);
  });

  test('the same labels cost nothing more, however many requests have them', async () => {
    const filter = await start(trusting);
    const ask = async (times: number) => {
      for (let i = 0; i < times; i++) await filter.request({ headers: { [METADATA]: peer } });
    };
    await ask(2_000);
    const { memoryBytes, metrics } = filter;
    await ask(6_000);
    expect(filter.memoryBytes).toBe(memoryBytes);
    expect(filter.metrics).toHaveLength(metrics.length);
    expect(filter.metric(metric('istio_requests_total', { ...inbound, ...side('source', PEER) }))).toBe(8_000);
  });

  test('peers without end cost no memory without end', async () => {
    const filter = await start({ ...trusting, maxSeries: 10 });
    const ask = async (from: number, to: number) => {
      for (let i = from; i < to; i++)
        await filter.request({ headers: { [METADATA]: metadata({ WORKLOAD_NAME: `w${i}` }) } });
    };
    await ask(0, 2_000);
    const { memoryBytes } = filter;
    await ask(2_000, 6_000);
    expect(filter.memoryBytes).toBe(memoryBytes);
    expect(filter.metrics.length).toBe(4 * 11);
  });
});

for (const version of process.env['HEDDLE_FILTER_ENVOYS']?.split(',') ?? ['1.40']) {
  describe(`between two proxies, Envoy ${version}`, async () => {
    const path = await requireEnvoy(version);
    if (path === undefined) {
      test.skipIf(true)('no such Envoy can be had', () => {});
      return;
    }
    let mesh: EnvoyMesh;
    beforeAll(async () => {
      mesh = await startMesh(path, (await built).wasm);
    }, 60_000);
    afterAll(() => mesh?.[Symbol.asyncDispose]());

    const service = (name: string) => ({
      destination_service: `${name}.default.svc.cluster.local`,
      destination_service_name: name,
      destination_service_namespace: 'default',
    });
    const web = { workload: 'web-v1', workload_namespace: 'front', principal: CALLER, app: 'web' };
    const reviews = { workload: 'reviews-v1', workload_namespace: 'default', principal: CALLEE, app: 'reviews' };
    const caller = side('source', {
      ...NOBODY,
      ...web,
      canonical_service: 'web',
      canonical_revision: 'latest',
    });
    const callee = side('destination', {
      ...NOBODY,
      ...reviews,
      version: 'v1',
      canonical_service: 'reviews',
      canonical_revision: 'v1',
    });
    const both = { ...caller, ...callee };
    const atSource = { reporter: 'source', ...both, ...service('reviews') };
    // Its listener's cluster says no name, and the caller's host is no label.
    const atDestination = {
      reporter: 'destination',
      ...both,
      destination_service: 'reviews',
      destination_service_name: 'reviews',
      destination_service_namespace: 'default',
    };
    const http = { request_protocol: 'http', response_code: '200', response_flags: '-', grpc_response_status: '' };
    const unknown = { connection_security_policy: 'unknown' };
    const mutual = { connection_security_policy: 'mutual_tls' };

    const seen = async (name: string, labels: Readonly<Record<string, string>>) => {
      const series = (await mesh.scrape()).filter((one) => one.name === name);
      const found = series.find((one) => isDeepStrictEqual(one.labels, labels));
      expect(found, `${JSON.stringify(labels)} among ${JSON.stringify(series)}`).toBeDefined();
      return found?.value ?? 0;
    };

    /** Waits for a count under exactly these labels: streams are counted after their ends, histograms merged from time to time. */
    async function counts(name: string, labels: Readonly<Record<string, string>>, wanted: number): Promise<void> {
      await eventually(async () => expect(await seen(name, labels)).toBe(wanted), 3_000);
    }

    test('requests: who, whom, by what, how long, how much', async () => {
      const response = await fetch(`http://127.0.0.1:${mesh.httpPort}/api/a`, {
        method: 'POST',
        body: 'x'.repeat(10_000),
      });
      expect(await response.text()).toBe('upstream');
      expect([response.headers.get(METADATA), response.headers.get(METADATA_ID)]).toEqual([null, null]);
      expect(mesh.reached.at(-1)).not.toHaveProperty(METADATA);
      expect(mesh.reached.at(-1)).not.toHaveProperty(METADATA_ID);
      for (const labels of [
        { ...atSource, ...http, ...unknown },
        { ...atDestination, ...http, ...mutual },
      ]) {
        await counts('istio_requests_total', labels, 1);
        await counts('istio_request_duration_milliseconds_count', labels, 1);
        const sent = await seen('istio_request_bytes_sum', labels);
        const received = await seen('istio_response_bytes_sum', labels);
        // Histograms of Envoy know 1 % of a value.
        expect(sent).toBeGreaterThan(10_000);
        expect(sent).toBeLessThan(12_000);
        expect(received).toBeGreaterThan('upstream'.length);
        expect(received).toBeLessThan(1_000);
      }
    });

    test.each([
      { path: '/dead', status: 503, response_flags: 'UF', ...service('dead') },
      {
        path: '/nowhere',
        status: 404,
        response_flags: 'NR',
        destination_service: 'unknown',
        destination_service_name: 'unknown',
        destination_service_namespace: 'unknown',
      },
    ])('a request that does not get there: $path', async ({ path: where, status, ...rest }) => {
      expect((await fetch(`http://127.0.0.1:${mesh.httpPort}${where}`)).status).toBe(status);
      const labels = {
        reporter: 'source',
        ...caller,
        source_principal: 'unknown',
        ...side('destination', NOBODY),
        ...http,
        ...unknown,
        response_code: String(status),
        ...rest,
      };
      await counts('istio_requests_total', labels, 1);
    });

    test('a request that another filter has answered before', async () => {
      expect((await fetch(`http://127.0.0.1:${mesh.httpPort}/api/forbidden`)).status).toBe(403);
      // Nobody has looked at its headers.
      const labels = {
        ...atDestination,
        ...side('source', { ...NOBODY, workload_namespace: 'front', principal: CALLER }),
        ...http,
        ...mutual,
        response_code: '403',
      };
      await counts('istio_requests_total', labels, 1);
    });

    test('gRPC: the messages of a stream, as they come, and its status', async () => {
      const session = connect(`http://127.0.0.1:${mesh.httpPort}`);
      const call = session.request({
        ':method': 'POST',
        ':path': '/api/Talk',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      call.resume();
      await once(call, 'response');
      call.write(grpcMessage('one'));
      call.write(grpcMessage(''));
      const messages = { source: atSource, destination: atDestination };
      for (const labels of Object.values(messages)) {
        await counts('istio_request_messages_total', labels, 2);
      }
      call.end(grpcMessage('three '.repeat(20_000)));
      await once(call, 'end');
      session.close();
      const ended = { ...http, request_protocol: 'grpc', grpc_response_status: '5' };
      for (const labels of Object.values(messages)) {
        const security = labels === atSource ? unknown : mutual;
        await counts('istio_requests_total', { ...labels, ...ended, ...security }, 1);
        await counts('istio_request_messages_total', labels, 3);
        await counts('istio_response_messages_total', labels, 2);
      }
    });

    test('connections: their bytes as they come, and their ends', async () => {
      const socket = createConnection(mesh.tcpPort, '127.0.0.1');
      socket.write('ping');
      await once(socket, 'data');
      const tcp = { request_protocol: 'tcp', response_flags: '-' };
      const peer = (values: Readonly<Record<string, string>>) => ({ ...NOBODY, ...values });
      const atBoth = [
        {
          reporter: 'source',
          ...caller,
          ...side('destination', peer({ workload_namespace: 'default', principal: CALLEE })),
          ...service('redis'),
          ...tcp,
          ...unknown,
        },
        {
          ...atDestination,
          ...side('source', peer({ workload_namespace: 'front', principal: CALLER })),
          ...tcp,
          ...mutual,
        },
      ];
      for (const labels of atBoth) {
        await counts('istio_tcp_connections_opened_total', labels, 1);
        await counts('istio_tcp_received_bytes_total', labels, 4);
        await counts('istio_tcp_sent_bytes_total', labels, 8);
      }
      expect((await mesh.scrape()).filter(({ name }) => name === 'istio_tcp_connections_closed_total')).toEqual([]);
      socket.end();
      for (const labels of atBoth) await counts('istio_tcp_connections_closed_total', labels, 1);
    });

    test('logs no trap', () => {
      expect(mesh.log.filter((line) => /wasm/i.test(line))).toEqual([]);
    });
  });
}
