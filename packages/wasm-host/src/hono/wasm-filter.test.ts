import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';
import { Hono } from 'hono';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileTestModule } from '../../test/compile-test-module.ts';
import { celForeignFunctions } from '../cel/foreign-functions.ts';
import { type WasmFilterOptions, wasmFilter } from './wasm-filter.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  const entry = fileURLToPath(new URL('../../test-modules/gate.ts', import.meta.url));
  wasm = (await compileModule(entry, { flags: ['--runtime', 'incremental', '--use', 'abort=gate/abort'] })).wasm;
}, 60_000);

/** An application behind the filter: it says what it sees. */
function application(options: WasmFilterOptions & { readonly configuration?: string } = {}) {
  const { configuration = 'gate', ...rest } = options;
  const filter = wasmFilter(wasm, configuration, rest);
  const app = new Hono()
    .use(filter)
    .get('/empty', (c) => c.body(null, 204))
    .get('/cookies', (c) => {
      c.header('set-cookie', 'a=1; Path=/', { append: true });
      c.header('set-cookie', 'b=2, with comma', { append: true });
      return c.text('cookies');
    })
    .get('/broken', () => {
      throw new Error('broken');
    })
    .all('*', async (c) =>
      c.json({ method: c.req.method, url: c.req.raw.url, headers: c.req.header(), body: await c.req.text() }),
    );
  return { app, filter };
}

interface Seen {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const ask = (app: Hono, words: string, path = '/', init: RequestInit = {}) =>
  Promise.resolve(app.request(`http://shop.test${path}`, { ...init, headers: { 'x-do': words, ...init.headers } }));
const seen = async (response: Response) => (await response.json()) as Seen;

describe('wasmFilter', () => {
  test('changes what handlers see, and what they answer', async () => {
    const { app } = application();
    const response = await ask(app, 'properties', '/p?q=1');
    expect(response.headers.get('x-gate')).toBe('gate 200');
    expect((await seen(response)).headers).toMatchObject({ 'x-gate': 'gate', 'x-properties': '/p?q=1 GET ? ? ? ?' });
  });

  test('answers in place of handlers', async () => {
    const { app } = application();
    const response = await ask(app, 'reply');
    expect(response.status).toBe(403);
    expect(await response.text()).toBe('no way\n');
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(response.headers.get('x-gate')).toBe('gate 403');
  });

  test('streams bodies through the filter, which may change them', async () => {
    const { app } = application();
    const pieces = ['one ', 'two ', 'three'];
    const streamed = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          const piece = pieces.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(piece));
        },
      });
    const init = () => ({ method: 'POST', body: streamed(), duplex: 'half' }) as RequestInit;
    expect((await seen(await ask(app, 'upper', '/', init()))).body).toBe('ONE TWO THREE');
    const swapped = await ask(app, 'swap', '/', { method: 'POST', body: 'x' });
    expect(await swapped.text()).toMatch(/^swapped \d+$/);
  });

  test('passes large bodies both ways at the pace of the reader', async () => {
    const { app } = application({ bufferLimitBytes: 1000 });
    const body = 'x'.repeat(2_000_000);
    expect((await seen(await ask(app, '', '/', { method: 'POST', body }))).body).toBe(body);
  });

  test('shows a body before headers go on, where that is allowed', async () => {
    const { app } = application({ allowsStopIteration: true });
    const { body, headers } = await seen(await ask(app, 'wait-for-body', '/', { method: 'POST', body: 'abc' }));
    expect([body, headers['x-length']]).toEqual(['ABC', '3']);
  });

  test('refuses bodies that are too long to hold', async () => {
    const { app } = application({ bufferLimitBytes: 10 });
    expect((await ask(app, 'upper', '/', { method: 'POST', body: 'longer than ten' })).status).toBe(413);
  });

  test('refuses responses', async () => {
    const { app } = application();
    const response = await ask(app, 'refuse-response');
    expect([response.status, await response.text()]).toEqual([451, 'not for you\n']);
  });

  test('leaves responses without a body without one, and every cookie', async () => {
    const { app } = application();
    const empty = await ask(app, '', '/empty');
    expect([empty.status, empty.body, empty.headers.get('x-gate')]).toEqual([204, null, 'gate 204']);
    const head = await ask(app, '', '/', { method: 'HEAD' });
    expect([head.status, head.headers.get('x-gate')]).toEqual([200, 'gate 200']);
    const cookies = await ask(app, '', '/cookies');
    expect(cookies.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2, with comma']);
  });

  test('sees what the error handler answers', async () => {
    const { app } = application();
    app.onError((_error, c) => c.text('sorry', 500));
    const response = await ask(app, '', '/broken');
    expect([response.status, response.headers.get('x-gate'), await response.text()]).toEqual([
      500,
      'gate 500',
      'sorry',
    ]);
  });

  test('lets the filter call clusters, which are base URLs', async () => {
    const calls: string[] = [];
    const { app } = application({
      clusters: { auth: 'http://auth.internal:1234' },
      fetch: async (request) => {
        calls.push(`${request.method} ${request.url} ${request.headers.get('x-asks')}`);
        return new Response('yes');
      },
    });
    expect((await seen(await ask(app, 'call'))).headers['x-call']).toBe('200 yes');
    expect(calls).toEqual(['GET http://auth.internal:1234/check gate']);
    expect((await ask(app, 'call,call-nowhere')).status).toBe(500);
  });

  test('tells a filter that its call failed, or took too long', async () => {
    const failing = application({ clusters: { auth: 'http://auth' }, fetch: () => Promise.reject(new Error('no')) });
    expect((await seen(await ask(failing.app, 'call'))).headers['x-call']).toMatch(/^503 upstream connect error/);
    const mute = application({
      clusters: { auth: 'http://auth' },
      fetch: (request) =>
        new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(new Error('late')))),
    });
    expect((await seen(await ask(mute.app, 'call,impatient'))).headers['x-call']).toBe('504 upstream request timeout');
  });

  test('reads no more of an answer to a filter than it may keep', async () => {
    let sent = 0;
    const endless = application({
      clusters: { auth: 'http://auth' },
      fetch: async () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              sent += 1;
              controller.enqueue(new Uint8Array(1024 * 1024));
            },
          }),
        ),
    });
    expect((await seen(await ask(endless.app, 'call'))).headers['x-call']).toMatch(/^503 upstream connect error/);
    expect(sent).toBeLessThan(20);
  });

  test('refuses requests when the module has failed, by its policy', async () => {
    const closed = application();
    expect((await ask(closed.app, 'trap')).status).toBe(503);
    expect((await ask(closed.app, '')).status).toBe(503);
    const open = application({ failurePolicy: 'open' });
    expect((await ask(open.app, 'trap')).status).toBe(503);
    expect((await ask(open.app, 'trap')).status).toBe(200);
    expect((await ask(application({ failurePolicy: 'always-open' }).app, 'trap')).status).toBe(200);
  });

  test('lets nothing pass when the filter cannot be started', async () => {
    const { app, filter } = application({ configuration: 'refuse' });
    await expect(filter.ready).rejects.toThrow('its module refuses its configuration');
    app.onError((error, c) => c.text(error.message, 500));
    const response = await ask(app, '');
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringContaining('refuses its configuration'),
    ]);
  });

  test('logs each request when its response has ended, and the end of the filter', async () => {
    const lines: string[] = [];
    const { app, filter } = application({ log: (_level, message) => void lines.push(message) });
    await (await ask(app, '', '/logged')).text();
    expect(lines).toContain('log /logged 200 ?');
    filter.close();
    await expect.poll(() => lines.at(-1)).toBe('done gate');
  });

  test('lets a filter decide by an expression in CEL over the request', async () => {
    const expression = 'request.url_path == "/in" && request.headers["x-team"] == "blue" && request.method == "GET"';
    const filter = wasmFilter(await compileTestModule('expression'), expression, {
      foreignFunctions: celForeignFunctions,
    });
    const app = new Hono().use(filter).all('*', (c) => c.text('passed'));
    const decide = async (path: string, init: RequestInit = {}) =>
      (await app.request(`http://shop.test${path}`, { headers: { 'x-team': 'blue' }, ...init })).text();
    expect(await decide('/in?q')).toBe('passed');
    expect(await decide('/out')).toBe('status 0');
    expect(await decide('/in', { method: 'POST' })).toBe('status 0');
    expect(await decide('/in', { headers: { 'x-team': 'red' } })).toBe('status 0');
    expect(await decide('/in', { headers: {} })).toBe('status 10');
    expect(await decide('/forget')).toBe('status 1');
    filter.close();
  }, 60_000);
});
