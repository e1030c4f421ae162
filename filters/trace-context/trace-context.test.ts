import { fileURLToPath } from 'node:url';
import { createFilter } from '@heddle/wasm-host/testing';
import { expect, test } from 'vitest';
import { buildModule } from '../../test/support/filters/build-module.ts';
import { describeFilter } from '../../test/support/filters/describe-filter.ts';
import type { FilterCase } from '../../test/support/filters/filter-case.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = '00f067aa0ba902b7';
const parent = `00-${trace}-${span}-01`;
const started = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-03$/;

const cases: readonly FilterCase[] = [
  {
    name: 'of two traces none goes on',
    configuration: {},
    request: { headers: { traceparent: [parent, `00-${'a'.repeat(32)}-${span}-01`], tracestate: 'a=1' } },
    expect: { status: 200, upstream: { headers: { traceparent: started, tracestate: null } } },
  },
  {
    name: 'a trace goes on',
    configuration: {},
    request: { headers: { traceparent: parent, tracestate: ' a=1 , b=2', baggage: 'x=y' } },
    expect: { status: 200, upstream: { headers: { traceparent: parent, tracestate: 'a=1,b=2', baggage: 'x=y' } } },
  },
  {
    name: 'a trace that is not sampled goes on',
    configuration: {},
    request: { headers: { traceparent: `00-${trace}-${span}-00` } },
    expect: { status: 200, upstream: { headers: { traceparent: `00-${trace}-${span}-00` } } },
  },
  {
    name: 'a later version is written as this one',
    configuration: {},
    request: { headers: { traceparent: `01-${trace}-${span}-01-more` } },
    expect: { status: 200, upstream: { headers: { traceparent: parent } } },
  },
  {
    name: 'a trace starts',
    configuration: { requestIdHeader: 'X-Id' },
    request: {},
    expect: {
      status: 200,
      upstream: {
        headers: {
          traceparent: started,
          tracestate: null,
          b3: null,
          'x-id': /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        },
      },
    },
  },
  {
    name: 'an identifier of the request stays',
    configuration: { requestIdHeader: 'X-Id' },
    request: { headers: { 'x-id': 'mine', traceparent: parent } },
    expect: { status: 200, upstream: { headers: { 'x-id': 'mine' } } },
  },
  {
    name: 'none is sampled',
    configuration: { sampling: 0 },
    request: {},
    expect: { status: 200, upstream: { headers: { traceparent: /-02$/ } } },
  },
  ...['nonsense', `00-${'0'.repeat(32)}-${span}-01`, `ff-${trace}-${span}-01`, '\xff\x80', '', '-'.repeat(5000)].map(
    (header): FilterCase => ({
      name: `what is no traceparent: ${JSON.stringify(header.slice(0, 60))}`,
      configuration: {},
      request: { headers: { traceparent: header, tracestate: 'a=1' } },
      expect: { status: 200, upstream: { headers: { traceparent: started, tracestate: null } } },
    }),
  ),
  {
    name: 'two traceparents are none',
    configuration: {},
    request: { headers: { traceparent: [parent, parent] } },
    expect: { status: 200, upstream: { headers: { traceparent: started } } },
  },
  {
    name: 'a tracestate that is not valid goes alone',
    configuration: {},
    request: { headers: { traceparent: parent, tracestate: 'A=1,\xff' } },
    expect: { status: 200, upstream: { headers: { traceparent: parent, tracestate: null } } },
  },
  {
    name: 'B3 in one header becomes W3C’s',
    configuration: {},
    request: { headers: { b3: `${trace}-${span}-1-05e3ac9a4f6e3b90`, tracestate: 'a=1' } },
    expect: { status: 200, upstream: { headers: { traceparent: parent, b3: null, tracestate: null } } },
  },
  {
    name: 'B3 in several headers becomes W3C’s',
    configuration: {},
    request: {
      headers: {
        'X-B3-TraceId': 'a3ce929d0e0e4736',
        'X-B3-SpanId': span,
        'X-B3-Sampled': '0',
        'X-B3-ParentSpanId': span,
      },
    },
    expect: {
      status: 200,
      upstream: {
        headers: {
          traceparent: `00-0000000000000000a3ce929d0e0e4736-${span}-00`,
          'x-b3-traceid': null,
          'x-b3-spanid': null,
          'x-b3-sampled': null,
          'x-b3-parentspanid': null,
        },
      },
    },
  },
  {
    name: 'B3 that leaves the decision open gets one',
    configuration: { sampling: 0, write: ['b3'] },
    request: { headers: { b3: `${trace}-${span}` } },
    expect: { status: 200, upstream: { headers: { traceparent: null, b3: `${trace}-${span}-0` } } },
  },
  {
    name: 'a decision of B3 alone is obeyed',
    configuration: {},
    request: { headers: { b3: '0' } },
    expect: { status: 200, upstream: { headers: { traceparent: /-02$/, b3: null } } },
  },
  {
    name: 'a decision in a header of its own is obeyed',
    configuration: { sampling: 0 },
    request: { headers: { 'x-b3-sampled': '1' } },
    expect: { status: 200, upstream: { headers: { traceparent: /-03$/, 'x-b3-sampled': null } } },
  },
  {
    name: 'W3C comes before B3',
    configuration: { write: ['w3c', 'b3', 'b3-multi'] },
    request: { headers: { traceparent: parent, b3: `${'1'.repeat(32)}-${span}-0` } },
    expect: {
      status: 200,
      upstream: {
        headers: {
          traceparent: parent,
          b3: `${trace}-${span}-1`,
          'x-b3-traceid': trace,
          'x-b3-spanid': span,
          'x-b3-sampled': '1',
          'x-b3-flags': null,
        },
      },
    },
  },
  {
    name: 'debugging is passed on',
    configuration: { write: ['b3-multi'] },
    request: { headers: { b3: `${trace}-${span}-d` } },
    expect: { status: 200, upstream: { headers: { b3: null, 'x-b3-flags': '1', 'x-b3-sampled': '1' } } },
  },
  {
    name: 'formats that are not read',
    configuration: { read: ['b3'] },
    request: { headers: { traceparent: parent, tracestate: 'a=1' } },
    expect: { status: 200, upstream: { headers: { traceparent: started, tracestate: null } } },
  },
  {
    name: 'strangers start anew',
    configuration: { trust: false },
    request: { headers: { traceparent: parent, tracestate: 'a=1', b3: '1' } },
    expect: { status: 200, upstream: { headers: { traceparent: started, tracestate: null, b3: null } } },
  },
  {
    name: 'a span of this proxy',
    configuration: { span: 'new', write: ['w3c', 'b3-multi'] },
    request: { headers: { traceparent: parent } },
    expect: {
      status: 200,
      upstream: {
        headers: {
          traceparent: new RegExp(`^00-${trace}-(?!${span})[0-9a-f]{16}-01$`),
          'x-b3-parentspanid': span,
          'x-b3-traceid': trace,
        },
      },
    },
  },
  {
    name: 'the client is told',
    configuration: { responseHeader: 'X-Trace-Id' },
    request: { headers: { traceparent: parent } },
    expect: { status: 200, headers: { 'x-trace-id': trace } },
  },
];

describeFilter({
  folder,
  build: () => buildModule(folder),
  cases,
  randomHeaders: /^(?:traceparent|x-id|x-b3-spanid)$/,
  refused: [
    { configuration: { sampling: 101 }, reason: 'sampling: wanted a whole number from 0 to 100' },
    { configuration: '{', reason: 'it is not JSON: unexpected end at line 1, column 2' },
    { configuration: [], reason: 'wanted a JSON object' },
    { configuration: { sampling: 0.5 }, reason: 'sampling: wanted a whole number' },
    { configuration: { read: ['zipkin'] }, reason: 'read[0]: wanted w3c or b3' },
    { configuration: { read: [] }, reason: 'read: wanted at least one format' },
    { configuration: { write: ['w3c', 'b4'] }, reason: 'write[1]: wanted w3c, b3 or b3-multi' },
    { configuration: { span: 'none' }, reason: 'span: wanted keep or new' },
    { configuration: { trust: 'no' }, reason: 'trust: wanted true or false' },
    { configuration: { requestIdHeader: 'a b' }, reason: 'requestIdHeader: wanted the name of a header' },
    { configuration: { respnoseHeader: 'a' }, reason: 'respnoseHeader: there is no such setting' },
  ],
});

test('each request is logged with its trace, without its query', async () => {
  const wasm = await buildModule(folder);
  const filter = await createFilter({ wasm, configuration: '{"log":true}', logLevel: 'info' });
  await filter.request(
    { path: '/a?secret=1', headers: { traceparent: parent, 'x-request-id': 'r1' } },
    { status: 404 },
  );
  expect(filter.logs.map(({ message }) => message)).toEqual([
    `trace_id=${trace} span_id=${span} parent_id=${span} sampled=1 request_id=r1 method=GET path=/a status=404`,
  ]);
  filter.close();
});

test('of many traces as many are sampled as wanted', async () => {
  const wasm = await buildModule(folder);
  const filter = await createFilter({ wasm, configuration: '{"sampling":25}' });
  let sampled = 0;
  for (let index = 0; index < 400; index++) {
    const { upstream } = await filter.request();
    if (upstream?.headers['traceparent']?.endsWith('-03')) sampled++;
  }
  // Seven standard deviations to each side.
  expect(sampled).toBeGreaterThan(40);
  expect(sampled).toBeLessThan(160);
  filter.close();
});
