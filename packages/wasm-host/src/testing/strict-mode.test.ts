import { beforeAll, describe, expect, test } from 'vitest';
import { compileTestModule } from '../../test/compile-test-module.ts';
import { formatTrace } from '../trace-text.ts';
import { createFilter, type FilterOptions } from './emulated-filter.ts';
import { StrictModeError } from './strict-mode.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  wasm = await compileTestModule('mistakes');
}, 60_000);

const start = (options: Partial<FilterOptions> = {}) => createFilter({ wasm, strict: true, ...options });

/** The mistakes that a promise is refused for. */
async function mistakes(outcome: Promise<unknown>): Promise<readonly string[]> {
  const error = await outcome.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StrictModeError);
  return (error as StrictModeError).mistakes;
}

describe('strict mode', () => {
  test.each([
    {
      path: '/wrong-map',
      mistake: /^proxy_add_header_map_value\(2, .*\) in proxy_on_request_headers is answered 2 \(bad argument\)$/,
    },
    { path: '/wrong-memory', mistake: /is answered 6 \(invalid memory access\)$/ },
    {
      path: '/pairs',
      mistake: /^proxy_get_header_map_pairs\(2, .*gives an empty list: the map is not there in this callback$/,
    },
    { path: '/body', mistake: /^proxy_get_buffer_bytes\(0, .*finds an empty buffer: there is none in this callback$/ },
    {
      path: '/stop',
      mistake: /^proxy_on_request_headers answers 1 \(stop, but let the body come\), which is taken for 4/,
    },
    { path: '/number', mistake: /^proxy_on_request_headers answers 7; wanted 0 to 4$/ },
    { path: '/body-number', mistake: /^proxy_on_request_body answers 9; wanted 0 to 3$/ },
    { path: '/late-route', mistake: /^proxy_call_foreign_function\(.*in proxy_on_response_headers is too late/ },
  ])('refuses $path', async ({ path, mistake }) => {
    const filter = await start();
    const found = await mistakes(filter.request({ path, body: 'body' }));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(mistake);
    // Each is told once.
    await filter.request({ path: '/' });
  });

  test.each([
    ['/deadly/trailers', 'proxy_continue_stream(1) in proxy_on_response_trailers'],
    ...['log', 'done', 'delete'].flatMap((callback) => [
      [`/deadly/${callback}/reply`, `proxy_send_local_response(500, 0, 0, 0, 0, 0, 0, -1) in proxy_on_${callback}`],
      [`/deadly/${callback}/close`, `proxy_close_stream(0) in proxy_on_${callback}`],
    ]),
  ])('refuses what Envoy dies of: %s', async (path, call) => {
    const filter = await start();
    const response = { body: 'b', trailers: { 'x-t': '1' } };
    expect(await mistakes(filter.request({ path }, response))).toContainEqual(
      expect.stringContaining(`${call} kills Envoy`),
    );
  });

  test.each(['/', '/route', '/absent', '/continue'])('lets pass what is right: %s', async (path) => {
    const filter = await start();
    const open = await filter.open({ path, body: 'body' });
    await filter.clock.advance(10);
    filter.checkStrict();
    expect(open.result.outcome).toBe('answered');
  });

  test('tells of a stream that is continued in the name of nobody', async () => {
    const filter = await start();
    await filter.request({ path: '/forget' });
    await filter.clock.advance(10);
    expect(() => filter.checkStrict()).toThrow('proxy_continue_stream(0) in proxy_on_tick has no effect');
  });

  test('allows to stop for the body where that was configured', async () => {
    const filter = await start({ allowsStopIteration: true });
    await filter.request({ path: '/stop', body: 'body' });
  });

  test('refuses a filter that starts with a mistake', async () => {
    const found = await mistakes(start({ configuration: 'bad' }));
    expect(found).toEqual([
      'proxy_add_header_map_value(0, 0, 0, 0, 0) in proxy_on_configure is answered 2 (bad argument)',
    ]);
  });

  test('is asked for', async () => {
    const filter = await start({ strict: false });
    expect((await filter.request({ path: '/wrong-map' })).outcome).toBe('answered');
    expect(() => filter.checkStrict()).toThrow(StrictModeError);
  });
});

test('formatTrace shows each callback with the calls that it makes', async () => {
  const filter = await start({ strict: false });
  await filter.request({ path: '/route' });
  const text = formatTrace(filter.trace).replaceAll(/\d{2,}/g, 'N');
  expect(text).toContain(
    [
      'proxy_on_configure(1, 0) → 1',
      '  proxy_get_buffer_bytes(7, 0, 0, N, N) → 0 ok',
      'proxy_on_request_headers(2, 4, 1) → 0',
      '  proxy_get_header_map_value(0, N, 5, N, N) → 0 ok',
      '  proxy_call_foreign_function(N, N, 0, 0, N, N) "clear_route_cache" → 0 ok',
      'proxy_on_response_headers(2, 1, 1) → 0',
    ].join('\n'),
  );
});
