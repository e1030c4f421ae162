import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuiltFilter, buildFilter } from './build-filter.ts';
import { RunError, type RunOptions, runFilter } from './run-filter.ts';
import { formatRun, runToJson } from './run-report.ts';

const SOURCE = `
import { Configuration, HeadersResult, HttpContext, log, RootContext } from '@heddle/wasm-sdk/assembly';

@external("env", "proxy_define_metric")
declare function defineMetric(type: i32, name: usize, size: usize, id: usize): i32;
@external("env", "proxy_record_metric")
declare function recordMetric(id: i32, value: i64): i32;

export class Guard extends RootContext {
  key: string = "";

  onConfigure(configuration: Configuration): bool {
    this.key = configuration.text;
    if (configuration.isEmpty) log.error("no key is configured");
    return !configuration.isEmpty;
  }

  createHttpContext(): HttpContext {
    return new Guarded(this);
  }
}

class Guarded extends HttpContext {
  constructor(private plugin: Guard) {
    super();
  }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const name = String.UTF8.encode("asked");
    const id = memory.data(8);
    defineMetric(1, changetype<usize>(name), name.byteLength, id);
    recordMetric(load<i32>(id), 3);
    if (this.requestHeaders.get("x-key") == this.plugin.key) return HeadersResult.Continue;
    log.warn("refused");
    this.reply(401, "ä key is wanted\\n", "no_key");
    return HeadersResult.Pause;
  }
}
`;

let folder: string;
let built: BuiltFilter;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'heddle-run-'));
  await writeFile(path.join(folder, 'index.ts'), SOURCE);
  built = await buildFilter(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (options: Omit<RunOptions, 'wasm'>) => runFilter({ ...built, configuration: 'secret', ...options });

describe('runFilter', () => {
  test('tells the answer, and all that the filter did for it', async () => {
    const refused = await run({ request: { headers: { 'x-key': 'wrong' } } });
    expect(refused).toMatchObject({
      outcome: 'answered',
      status: 401,
      details: 'no_key',
      upstream: undefined,
      logs: [{ level: 'warn', message: 'refused' }],
      metrics: [{ type: 'gauge', name: 'asked', value: 3 }],
      failure: undefined,
    });
    const headers = refused.steps.find((step) => step.type === 'callback' && step.name === 'proxy_on_request_headers');
    expect(headers).toMatchObject({ args: [2, 5, 1] });
    expect(headers?.hostcalls).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'proxy_send_local_response',
          status: 0,
          meaning: 'ok',
          given: ['401', '"no_key"', '"ä key is wanted\\n"', '[]', '-1'],
          got: [],
        }),
        expect.objectContaining({ name: 'proxy_log', given: ['warn', '"refused"'] }),
        expect.objectContaining({
          name: 'proxy_define_metric',
          given: ['gauge', '"asked"'],
          got: [expect.stringMatching(/^\d+$/)],
        }),
      ]),
    );
    const text = formatRun(refused);
    expect(text).toMatch(/^401 {2}\(the filter's own answer: no_key\)\n/);
    expect(text).toContain('\n\nä key is wanted\n');
    expect(text).toContain('  warn     refused\n');
    expect(text).toContain('  gauge     asked 3\n');
    expect(text).toMatch(/\n {2}proxy_on_request_headers\(2, 5, 1\) → [1-4]\n {4}proxy_/);
  });

  test('tells what the upstream saw, and bodies that are no text', async () => {
    const passed = await run({
      request: { method: 'POST', headers: { 'x-key': 'secret' }, body: 'what is asked' },
      response: { status: 201, headers: { 'content-type': 'image/png' }, body: Uint8Array.of(0x89, 0x50, 0xff) },
    });
    expect(passed.status).toBe(201);
    const text = formatRun(passed);
    expect(text).toContain('(3 bytes that are no text)');
    expect(text).toMatch(
      /upstream saw:\n(.*\n)*? {2}:method: POST\n(.*\n)*? {2}x-key: secret\n {2}\n {2}what is asked\n/,
    );
    expect(runToJson(passed)).toMatchObject({
      version: 1,
      bodyBase64: 'iVD/',
      upstream: { body: 'what is asked', headers: { ':method': 'POST' } },
    });
  });

  test.each<[what: string, options: Partial<RunOptions>, message: string, logs: readonly string[]]>([
    [
      'a configuration that it refuses',
      { configuration: '' },
      'refuses its configuration: no key is configured',
      ['no key is configured'],
    ],
    ['a file that is no module', { wasm: new Uint8Array(8) }, 'Cannot', []],
  ])('says why a filter does not start: %s', async (_, options, message, logs) => {
    const error = await runFilter({ ...built, ...options }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RunError);
    expect((error as RunError).message).toContain(message);
    expect((error as RunError).logs.map((line) => line.message)).toEqual(logs);
  });
});
