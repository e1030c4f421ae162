import { createFilter, type FilterOptions } from '@heddle/wasm-host/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildModule } from '../test/build-module.ts';
import type { FilterTransform } from './transform.ts';

let wasm: Uint8Array<ArrayBuffer>;
let transform: FilterTransform;
beforeAll(async () => {
  ({ wasm, transform } = await buildModule('features'));
}, 60_000);

const start = (options: Partial<FilterOptions> = {}) => createFilter({ wasm, ...options });

describe('callouts', () => {
  test('are answered in the name of the stream, whose headers change before it goes on', async () => {
    const filter = await start({
      clusters: {
        auth: ({ headers, body }) => ({
          headers: { 'x-user': `${new Map(headers).get('x-token')}'s` },
          body: `heard ${new TextDecoder().decode(body)}`,
        }),
      },
    });
    const { upstream } = await filter.request({ path: '/call', headers: { authorization: 'ann' }, body: 'kept' });
    expect(upstream).toMatchObject({ headers: { 'x-user': "ann's", 'x-said': 'heard asked' }, body: 'kept' });
  });

  test('may be followed by an answer of the filter', async () => {
    const filter = await start({ clusters: { auth: () => ({ status: 401, body: 'who?' }) } });
    expect(await filter.request({ path: '/call' })).toMatchObject({
      status: 403,
      body: 'no: who?',
      details: 'auth_refused',
      headers: { 'x-auth': '401' },
      upstream: undefined,
    });
  });

  test('that are never answered end in time', async () => {
    const filter = await start({ clusters: { auth: () => undefined } });
    const open = await filter.open({ path: '/call' });
    expect(open.result.outcome).toBe('paused');
    await filter.clock.advance(200);
    expect(open.result).toMatchObject({ outcome: 'answered', status: 403, headers: { 'x-auth': '504' } });
  });

  test('that cannot be made do not leave the request hanging', async () => {
    const filter = await start();
    expect(await filter.request({ path: '/call/unknown' })).toMatchObject({ status: 500, details: 'callout_failed' });
  });

  test('may be refused by an answer of the filter itself', async () => {
    const filter = await start();
    expect(await filter.request({ path: '/call/unknown-answered' })).toMatchObject({ status: 502 });
  });

  test('whose handler forgets to resume do not leave the request hanging', async () => {
    const filter = await start({ clusters: { auth: () => ({}) } });
    expect(await filter.request({ path: '/call/forget' })).toMatchObject({ status: 500, details: 'left_paused' });
    expect(filter.logs.map(({ message }) => message)).toContainEqual(expect.stringContaining('left paused'));
  });

  test('may be made one after another by one handler', async () => {
    let calls = 0;
    const filter = await start({
      clusters: {
        auth: () => {
          calls += 1;
          return { headers: { 'x-user': String(calls) } };
        },
      },
    });
    expect((await filter.request({ path: '/call/again' })).upstream?.headers).toMatchObject({ 'x-user': '3' });
  });

  test('may hand over to something else that resumes', async () => {
    const filter = await start({ clusters: { auth: () => ({}) } });
    const open = await filter.open({ path: '/call/stay' });
    expect(open.result.outcome).toBe('paused');
    await filter.clock.advance(60);
    expect(open.result.upstream?.headers).toMatchObject({ 'x-resumed': 'by timer' });
  });

  test('hold a response too', async () => {
    const filter = await start({ clusters: { auth: () => ({ status: 204 }) } });
    expect((await filter.request({ path: '/response' }, { body: 'kept' })).headers).toMatchObject({
      'x-verdict': '204',
    });
  });

  test('of streams that are gone are not heard of', async () => {
    const filter = await start({ clusters: { auth: () => undefined } });
    const open = await filter.open({ path: '/call/stay' });
    expect(open.result.outcome).toBe('paused');
    await filter.request({ path: '/reset' });
    await filter.clock.advance(1000);
    expect(filter.failure).toBeUndefined();
  });
});

test('a pause that is lifted in its own callback is none', async () => {
  const filter = await start();
  expect(await filter.request({ path: '/now' })).toMatchObject({ status: 200, upstream: { body: '' } });
});

test('a stream can be reset', async () => {
  const filter = await start();
  expect(await filter.request({ path: '/reset' })).toMatchObject({ outcome: 'reset' });
});

describe('bodies', () => {
  test('are waited for with their headers, whose length is corrected', async () => {
    const filter = await start({ allowsStopIteration: true });
    const { upstream } = await filter.request({
      path: '/wait',
      headers: { 'content-length': '7' },
      body: ['one', ' two'],
    });
    expect(upstream).toMatchObject({ body: 'replaced one two', headers: { 'x-size': '7', 'content-length': '16' } });
  });

  test('change piece by piece once that was announced', async () => {
    const filter = await start();
    const { upstream } = await filter.request({
      path: '/replace',
      headers: { 'content-length': '3' },
      body: ['a', '', 'bc'],
    });
    expect(upstream?.body).toBe('<a><><bc>');
    expect(upstream?.headers).not.toHaveProperty('content-length');
  });

  test('do not change unannounced: their length has gone on', async () => {
    const filter = await start();
    const { upstream } = await filter.request({ path: '/silent', body: 'as it is' });
    expect(upstream?.body).toBe('as it is');
    expect(filter.logs.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('no change was announced'),
    );
  });

  test.each([
    ['without trailers', undefined],
    ['with trailers', { 'x-sum': '3' }],
  ])('are collected, %s', async (_name, trailers) => {
    const filter = await start({ allowsStopIteration: true });
    const { upstream } = await filter.request({
      path: '/whole',
      headers: { 'content-length': '3' },
      body: ['a', 'b', 'c'],
      ...(trailers === undefined ? {} : { trailers }),
    });
    expect(upstream).toMatchObject({ body: 'abc!', headers: { 'x-whole': '3' } });
    expect(upstream?.headers['content-length']).toBe(trailers === undefined ? '4' : undefined);
    expect(upstream?.trailers).toEqual(trailers === undefined ? {} : { 'x-sum': '3 seen' });
  });

  test('that are too large are refused', async () => {
    const filter = await start({ allowsStopIteration: true });
    expect(await filter.request({ path: '/whole', body: ['12345678', '123456789'] })).toMatchObject({
      status: 413,
      details: 'body_over_limit',
      upstream: undefined,
    });
  });

  test('that are too large pass as they are if the filter says so', async () => {
    const filter = await start();
    const body = ['12345678', '123456789', 'more'];
    expect((await filter.request({ path: '/whole/pass', body })).upstream?.body).toBe(body.join(''));
    expect((await filter.request({ path: '/whole/pass', body: 'small' })).upstream?.body).toBe('small!');
  });

  test('of responses are collected and replaced', async () => {
    const filter = await start();
    const { body, headers } = await filter.request(
      { path: '/response/replace' },
      { headers: { 'content-length': '4' }, body: ['ab', 'cd'] },
    );
    expect(body).toBe('[abcd]');
    expect(headers).not.toHaveProperty('content-length');
  });
});

test('trailers are seen and changed', async () => {
  const filter = await start();
  const response = { body: 'a', trailers: { 'x-t': '1' } };
  const { upstream, trailers } = await filter.request({ body: 'b', trailers: { 'x-sum': '1' } }, response);
  expect(upstream?.trailers).toEqual({ 'x-sum': '1 seen' });
  expect(trailers).toEqual({ 'x-t': '1', 'x-seen': 'yes' });
});

test('headers are read, set, added and removed; the second read takes all of them', async () => {
  const filter = await start();
  const { body } = await filter.request({ path: '/headers', headers: { 'x-a': 'ä', 'x-b': ['1', '2'] } });
  expect(body).toContain('1,2|new|true|x-b=new;x-c=3;|false');
  const reads = filter.trace.filter(({ name }) => name.startsWith('proxy_get_header_map'));
  expect(reads.map(({ name }) => name)).toEqual([
    // The path, then a second header; what was set is read anew, and so is what is there after a removal.
    'proxy_get_header_map_value',
    'proxy_get_header_map_pairs',
    'proxy_get_header_map_pairs',
    'proxy_get_header_map_pairs',
    'proxy_get_header_map_value',
  ]);
});

test('shared data is compared and set', async () => {
  const filter = await start();
  expect((await filter.request({ path: '/shared' })).body).toBe('true false xx 7 true');
  expect((await filter.request({ path: '/shared' })).body).toBe('true false xxxx 17 true');
});

test('several timers share the tick of the plugin', async () => {
  const filter = await start({ configuration: 'timers' });
  await filter.clock.advance(2950);
  expect((await filter.request({ path: '/ticks' })).body).toBe('2 9');
});

test('a line below the level is not made', async () => {
  const quiet = await start({ logLevel: 'info' });
  expect((await quiet.request({ path: '/log' })).body).toBe('1');
  expect(quiet.logs.map(({ message }) => message)).toEqual(['made it']);
  const loud = await start({ logLevel: 'debug' });
  expect((await loud.request({ path: '/log' })).body).toBe('2');
});

test('labels are part of the name, and there is an end to them', async () => {
  const filter = await start();
  for (const path of ['/1', '/1', '/2', '/3', '/4;.;', '/5', '/6']) await filter.request({ path });
  expect(filter.metric('path=.=/1;.;result=.=fine;.;requests_total')).toBe(2);
  expect(filter.metric('path=.=/4_._;.;result=.=fine;.;requests_total')).toBe(1);
  expect(filter.metric('path=.=other;.;result=.=other;.;requests_total')).toBe(2);
  expect(transform.statsTags).toEqual([
    { tag_name: 'path', regex: '(?:wasmcustom\\.|;\\.;)(path=\\.=(.*?);\\.;)' },
    { tag_name: 'result', regex: '(?:wasmcustom\\.|;\\.;)(result=\\.=(.*?);\\.;)' },
  ]);
});

test('a property of the request is kept for the response', async () => {
  const filter = await start({});
  expect((await filter.request({ path: '/property', authority: 'shop' })).headers).toMatchObject({ 'x-host': 'shop' });
});

test('a trap names file and line', async () => {
  const filter = await start();
  await filter.request({ path: '/trap' });
  expect(filter.failure).toBeDefined();
  expect(filter.logs.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/Index out of range .*:\d+:\d+/),
  );
});

test('memory does not grow with requests', async () => {
  const filter = await start();
  for (let index = 0; index < 300; index += 1)
    await filter.request({ path: '/headers', headers: { 'x-a': 'a', 'x-b': 'b' } });
  const before = filter.memoryBytes;
  for (let index = 0; index < 3000; index += 1)
    await filter.request({ path: '/headers', headers: { 'x-a': 'a', 'x-b': 'b' } });
  expect(filter.memoryBytes).toBe(before);
});

describe('what Envoy dies of', () => {
  test('is refused when the stream is over', async () => {
    const filter = await start({ strict: true });
    expect(await filter.request({ path: '/late' })).toMatchObject({ status: 200 });
    const lines = filter.logs.map(({ message }) => message).join('\n');
    expect(lines).toContain('nothing could be done in log');
    expect(lines).toContain('nothing could be done in done');
    expect(lines).toContain('the stream is over: no reply');
  });

  test('is not called for trailers of a response that is held', async () => {
    const filter = await start({ strict: true });
    const response = { body: 'held', trailers: { 'x-t': '1' } };
    expect(await filter.request({ path: '/trailers' }, response)).toMatchObject({ status: 200, body: 'held' });
  });
});

test('expressions are made and evaluated by the host', async () => {
  const filter = await start();
  expect((await filter.request({ path: '/cel' })).body).toBe('GET /cel true false true');
  expect((await filter.request({ method: 'POST', path: '/cel' })).body).toBe('POST /cel false true true');
});
