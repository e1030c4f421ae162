// What the SDK for filters promises, in a real Envoy and in the gateway: the module that its own tests run in the emulator.
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { statsTags } from '@heddle/wasm-sdk/transform';
import { buildFilter } from '@heddle/wasm-tools';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { envoyPlane } from '../support/filters/envoy-plane.ts';
import { type FilterCase, type FilterPlane, type PlaneOptions, unmet } from '../support/filters/filter-case.ts';
import { gatewayPlane } from '../support/filters/gateway-plane.ts';
import { freePorts } from '../support/free-ports.ts';
import { requireEnvoy } from '../support/require-envoy.ts';
import { eventually } from '../support/waiting.ts';

const module = fileURLToPath(new URL('../../packages/wasm-sdk/test-modules/features.ts', import.meta.url));
const version = process.env['HEDDLE_FILTER_ENVOYS'] ?? '1.40';
const path = await requireEnvoy(version);

const WASM = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';
const HTTP = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';
const TEXT = 'type.googleapis.com/google.protobuf.StringValue';

const cluster = (name: string) => ({ name, connect_timeout: '1s' });

const [adminPort = 0] = await freePorts(1);

const example = {
  node: { id: 'the-node', cluster: 'the-cluster', metadata: { KEY: 'of the node' } },
  stats_config: { stats_tags: statsTags(['path', 'result']).map((tag) => ({ ...tag })) },
  static_resources: {
    listeners: [
      {
        traffic_direction: 'OUTBOUND',
        filter_chains: [
          {
            filters: [
              {
                name: 'http',
                typed_config: {
                  '@type': HTTP,
                  stat_prefix: 'http',
                  stream_idle_timeout: '5s',
                  route_config: {
                    virtual_hosts: [
                      {
                        name: 'all',
                        domains: ['*'],
                        routes: [{ name: 'the-route', match: { prefix: '/' }, route: { cluster: 'upstream' } }],
                      },
                    ],
                  },
                  http_filters: [
                    {
                      name: 'wasm',
                      typed_config: {
                        '@type': WASM,
                        config: {
                          name: 'features',
                          root_id: 'Features',
                          allow_on_headers_stop_iteration: true,
                          configuration: { '@type': TEXT, value: '' },
                          vm_config: { vm_id: 'the-vm', runtime: 'envoy.wasm.runtime.v8' },
                        },
                      },
                    },
                    { name: 'router', typed_config: { '@type': ROUTER } },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
    clusters: [cluster('upstream'), cluster('auth')],
  },
};

const LONG = 'x'.repeat(40);

const cases: readonly FilterCase[] = [
  {
    name: 'a callout is answered in the name of the stream; headers and body wait for it',
    configuration: '',
    request: { method: 'POST', path: '/call', headers: { authorization: 'ann' }, body: 'kept' },
    expect: { status: 200, upstream: { headers: { 'x-user': "ann's", 'x-said': 'heard asked' }, body: 'kept' } },
  },
  {
    name: 'a callout is followed by an answer of the filter',
    configuration: '',
    request: { path: '/call', headers: { authorization: 'nobody' } },
    expect: { status: 403, body: 'no: who?', headers: { 'x-auth': '401' }, upstream: null },
  },
  {
    name: 'a callout that is never answered ends in time',
    configuration: '',
    request: { path: '/call', headers: { authorization: 'silence' } },
    expect: { status: 403, headers: { 'x-auth': '504' }, upstream: null },
  },
  {
    name: 'a callout that cannot be made does not leave the request hanging',
    configuration: '',
    request: { path: '/call/unknown' },
    expect: { status: 500, upstream: null },
  },
  {
    name: 'a handler that forgets to resume does not leave the request hanging',
    configuration: '',
    request: { path: '/call/forget' },
    expect: { status: 500, upstream: null },
  },
  {
    name: 'callouts are made one after another',
    configuration: '',
    request: { path: '/call/again', headers: { authorization: 'ann' } },
    expect: { status: 200, upstream: { headers: { 'x-user': "'s" } } },
  },
  {
    name: 'a timer in the name of the stream resumes it',
    configuration: '',
    request: { method: 'POST', path: '/call/stay', body: 'kept' },
    expect: { status: 200, upstream: { headers: { 'x-resumed': 'by timer' }, body: 'kept' } },
  },
  {
    name: 'a callout holds a response',
    configuration: '',
    request: { path: '/response' },
    response: { body: 'kept' },
    expect: { status: 200, body: 'kept', headers: { 'x-verdict': '200' } },
  },
  {
    name: 'a pause that is lifted in its own callback is none',
    configuration: '',
    request: { path: '/now' },
    expect: { status: 200, body: 'upstream' },
  },
  {
    name: 'headers change after the body was seen, and its length with it',
    configuration: '',
    request: { method: 'POST', path: '/wait', body: 'one two' },
    expect: {
      status: 200,
      upstream: { body: 'replaced one two', headers: { 'x-size': '7', 'content-length': '16' } },
    },
  },
  {
    name: 'a body changes as it comes once that was announced',
    configuration: '',
    request: { method: 'POST', path: '/replace', body: LONG },
    // The end comes as a piece of its own, an empty one.
    expect: { status: 200, upstream: { body: `<${LONG}><>`, headers: { 'content-length': null } } },
  },
  {
    name: 'a body does not change unannounced',
    configuration: '',
    request: { method: 'POST', path: '/silent', body: 'as it is' },
    expect: { status: 200, upstream: { body: 'as it is', headers: { 'content-length': '8' } } },
  },
  {
    name: 'a body is collected',
    configuration: '',
    request: { method: 'POST', path: '/whole', body: 'abc' },
    expect: { status: 200, upstream: { body: 'abc!', headers: { 'x-whole': '3', 'content-length': '4' } } },
  },
  {
    name: 'a body over the limit is refused',
    configuration: '',
    request: { method: 'POST', path: '/whole', body: LONG },
    expect: { status: 413, upstream: null },
  },
  {
    name: 'a body over the limit passes as it is if the filter says so',
    configuration: '',
    request: { method: 'POST', path: '/whole/pass', body: LONG },
    expect: { status: 200, upstream: { body: LONG } },
  },
  {
    name: 'the body of a response is replaced',
    configuration: '',
    request: { path: '/response/replace' },
    response: { body: 'abcd' },
    expect: { status: 200, body: '[abcd]', headers: { 'content-length': null } },
  },
  {
    name: 'headers are read, set, added and removed',
    configuration: '',
    request: { path: '/headers', headers: { 'X-A': 'a', 'x-b': ['1', '2'] } },
    expect: { status: 200, body: 'a|1,2|new|true|x-b=new;x-c=3;|false', upstream: null },
  },
  {
    name: 'shared data is compared and set',
    configuration: '',
    request: { path: '/shared' },
    expect: { status: 200, body: 'true false xx 7 true' },
  },
  {
    name: 'expressions in CEL have values',
    configuration: '',
    request: { path: '/cel' },
    expect: { status: 200, body: 'GET /cel true false true', upstream: null },
  },
  {
    name: 'properties of the request, the connection, the plugin and the node',
    configuration: '',
    request: { path: '/properties?a=b', authority: 'shop', headers: { 'user-agent': 'u', referer: 'r' } },
    expect: {
      status: 200,
      body: [
        ...[
          '/properties?a=b',
          '/properties',
          'a=b',
          'shop',
          'http',
          'GET',
          'HTTP/1.1',
          'u',
          'r',
          'true',
          'true',
          '0',
          '0',
          'true',
        ],
        ...['127.0.0.1', 'true', '127.0.0.1', 'true', 'true', 'false', '', 'none', 'none', 'none', 'none'],
        ...['upstream', 'the-route', 'features', 'Features', 'the-vm', '2', 'the-node', 'the-cluster', 'of the node'],
      ].join('|'),
    },
  },
  {
    name: 'properties of the response and the upstream',
    configuration: '',
    request: { path: '/properties-of-response' },
    response: { body: 'abc' },
    expect: { status: 200, headers: { 'x-properties': '200|via_upstream|2|0|0|true|127.0.0.1|none|' } },
  },
  {
    name: 'a line below the level is not made',
    configuration: '',
    request: { path: '/log' },
    expect: { status: 200, body: '1' },
  },
  {
    name: 'a property of the request is kept for the response',
    configuration: '',
    request: { path: '/property', authority: 'shop' },
    expect: {
      status: 200,
      headers: { 'x-host': 'shop' },
      // Families of the test have room for four members; by now all is "other".
      metrics: { 'path=.=other;.;result=.=other;.;requests_total': 1 },
    },
  },
];

const trap: FilterCase = { name: 'trap', configuration: '', request: { path: '/trap' }, expect: { status: 503 } };

const log: string[] = [];

async function startPlane(start: (options: PlaneOptions) => Promise<FilterPlane>): Promise<FilterPlane> {
  const { wasm, statsTags: built } = await buildFilter(module);
  expect(built).toEqual(example.stats_config.stats_tags);
  return start({
    wasm,
    example,
    adminPort,
    cases,
    clusters: {
      auth({ headers, body }) {
        if (headers['x-token'] === 'silence') return undefined;
        if (headers['x-token'] === 'nobody') return { status: 401, body: 'who?' };
        return { headers: { 'x-user': `${headers['x-token'] ?? ''}'s` }, body: `heard ${body}` };
      },
    },
    onLog: (message) => log.push(message),
  });
}

function runCases(plane: () => FilterPlane): void {
  test.each(cases)('$name', async (filterCase) => {
    const { metrics = {} } = filterCase.expect;
    const before = await plane().metrics(filterCase);
    expect(unmet(filterCase, await plane().send(filterCase))).toEqual([]);
    const after = await plane().metrics(filterCase);
    for (const [name, rise] of Object.entries(metrics)) {
      expect((after.get(name) ?? 0) - (before.get(name) ?? 0), name).toBe(rise);
    }
  });
}

describe.skipIf(path === undefined)('a filter of the SDK in a real Envoy', () => {
  let plane: FilterPlane;

  beforeAll(async () => {
    const { node } = example;
    plane = await startPlane((options) => envoyPlane(path as string, options, { node }));
  }, 60_000);
  afterAll(() => plane?.[Symbol.asyncDispose]());

  runCases(() => plane);

  test('labels are labels, by the stats_tags that come with the build', async () => {
    const page = await (await fetch(`http://127.0.0.1:${adminPort}/stats/prometheus?filter=requests_total`)).text();
    expect(page).toMatch(/^requests_total\{path="\/call",result="fine"\} \d+$/m);
  });

  test('a filter that acts on a stream that is over does not take Envoy with it', async () => {
    const late: FilterCase = { name: 'late', configuration: '', request: { path: '/late' }, expect: { status: 200 } };
    expect(unmet(late, await plane.send(late))).toEqual([]);
    await eventually(async () => {
      expect(log.join('\n')).toContain('nothing could be done in log');
      expect(log.join('\n')).toContain('nothing could be done in done');
    }, 2_000);
    expect(unmet(late, await plane.send(late))).toEqual([]);
  });

  test('a trap is answered with 503 and names file and line', async () => {
    expect(log.filter((line) => line.includes('Function: '))).toEqual([]);
    expect(unmet(trap, await plane.send(trap))).toEqual([]);
    expect(log.join('\n')).toMatch(/Index out of range.*array\.ts:\d+:\d+/);
  });
});

describe('a filter of the SDK in the gateway', () => {
  let plane: FilterPlane;

  beforeAll(async () => {
    plane = await startPlane(gatewayPlane);
  }, 60_000);
  afterAll(() => plane?.[Symbol.asyncDispose]());

  runCases(() => plane);

  test('a trap is answered with 503', async () => {
    expect(unmet(trap, await plane.send(trap))).toEqual([]);
  });
});
