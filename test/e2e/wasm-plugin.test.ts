/*
 * `heddle dev` with a WasmPlugin whose module is built from sources beside the manifests: what is saved is built and swapped while
 * requests go on, and a broken edit changes nothing.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startHeddle } from '@heddle/testing/heddle-process';
import { afterEach, describe, expect, test } from 'vitest';
import { requireEnvoy } from '../support/require-envoy.ts';
import { until } from '../support/waiting.ts';

const NGINX = path.join(import.meta.dirname, '../../examples/nginx');
const envoyPath = await requireEnvoy();

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A filter without SDK: says its version in each response, and refuses requests that say so. */
const filter = (version: string): string => `
@external("env", "proxy_add_header_map_value")
declare function add(map: i32, key: usize, keySize: i32, value: usize, valueSize: i32): i32;
@external("env", "proxy_get_header_map_value")
declare function get(map: i32, key: usize, keySize: i32, value: usize, valueSize: usize): i32;
@external("env", "proxy_send_local_response")
declare function reply(
  status: i32, details: usize, detailsSize: i32, body: usize, bodySize: i32, headers: usize, headersSize: i32, grpc: i32
): i32;

const name = String.UTF8.encode("x-version");
const version = String.UTF8.encode(${JSON.stringify(version)});
const refuse = String.UTF8.encode("x-refuse");
const out = memory.data(8);

export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }
export function proxy_on_context_create(id: i32, parent: i32): void {}
export function proxy_on_vm_start(id: i32, size: i32): bool { return true; }
export function proxy_on_configure(id: i32, size: i32): bool { return true; }
export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  const found = get(0, changetype<usize>(refuse), refuse.byteLength, out, out + 4);
  if (found != 0 || load<i32>(out, 4) == 0) return 0;
  reply(403, 0, 0, 0, 0, 0, 0, -1);
  return 4;
}
export function proxy_on_response_headers(id: i32, count: i32, end: i32): i32 {
  add(2, changetype<usize>(name), name.byteLength, changetype<usize>(version), version.byteLength);
  return 0;
}
export function proxy_on_done(id: i32): bool { return true; }
export function proxy_on_log(id: i32): void {}
export function proxy_on_delete(id: i32): void {}
`;

const plugin = `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: version, namespace: istio-system }
spec:
  selector: { matchLabels: { istio: ingressgateway } }
  url: ./filters/version
  phase: AUTHN
`;

interface Answer {
  readonly status: number;
  readonly version: string | undefined;
}

/** A request, on a connection of its own: connections that are there keep to the filters that they began with until they are drained. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers }, (response) => {
      const version = response.headers['x-version'];
      const answer = { status: response.statusCode ?? 0, version: Array.isArray(version) ? version.join() : version };
      response
        .resume()
        .on('end', () => resolve(answer))
        .on('error', reject);
    });
    request.on('error', reject);
  });
}

/** Sends requests until it is told to stop, on connections that stay, and notes which versions answered; what failed is a sentence. */
async function load(url: string, answers: Set<string>, stopped: () => boolean): Promise<void> {
  const client = async () => {
    while (!stopped()) {
      try {
        const response = await fetch(url);
        await response.arrayBuffer();
        answers.add(
          response.status === 200 ? (response.headers.get('x-version') ?? 'none') : `status ${response.status}`,
        );
      } catch (error) {
        answers.add(String((error as Error).cause ?? error));
      }
      // Many enough to meet a swap that drops one, few enough to leave the compiler a processor.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  await Promise.all([client(), client()]);
}

const planes = [
  ['the embedded data plane', []],
  ['Envoy', ['--proxy', 'envoy', '--envoy-path', envoyPath ?? '']],
] as const;

describe.each(planes)('heddle dev, WasmPlugin in %s', (plane, flags) => {
  test.skipIf(plane === 'Envoy' && envoyPath === undefined)(
    'builds a filter, and swaps it without dropping a request',
    async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'heddle-plugin-'));
      cleanups.push(() => rm(folder, { recursive: true, force: true }));
      await cp(NGINX, folder, { recursive: true });
      const entry = path.join(folder, 'filters/version/assembly/index.ts');
      await mkdir(path.dirname(entry), { recursive: true });
      await writeFile(entry, filter('one'));
      const manifest = path.join(folder, 'plugin.yaml');
      await writeFile(manifest, plugin);
      const heddle = startHeddle(['dev', folder, ...flags], { env: { XDG_CACHE_HOME: path.join(folder, 'cache') } });
      cleanups.push(() => heddle.stop());
      const summary = await heddle.waitFor('try:', 60_000);
      const url = /http:\/\/localhost:\d+/.exec(summary)?.[0] ?? '';
      const version = async () => (await ask(url)).version;
      await until(async () => (await version()) === 'one', 20_000);
      expect((await ask(url, { 'x-refuse': 'yes' })).status).toBe(403);

      let stop = false;
      const answers = new Set<string>();
      const answered = load(url, answers, () => stop);
      await writeFile(entry, filter('two'));
      await until(async () => (await version()) === 'two', 20_000);
      expect(heddle.stderr()).toContain('module of WasmPlugin istio-system/version: swapped');
      // What does not compile is said at the line that names it, and the last good module goes on.
      await writeFile(entry, filter('three').replace('return heap', 'retrun heap'));
      await heddle.waitFor('HED250');
      expect(heddle.stderr()).toContain(`${path.join(folder, 'plugin.yaml')}:6`);
      expect(heddle.stderr()).toContain('the last good module goes on being served');
      expect(await version()).toBe('two');
      await writeFile(entry, filter('four'));
      await until(async () => (await version()) === 'four', 20_000);
      await until(async () => answers.has('four'), 20_000);
      stop = true;
      await answered;
      expect([...answers].sort()).toEqual(['four', 'one', 'two']);

      // Without its module from the beginning a plugin refuses; one that fails open is left out.
      const missing = (await readFile(manifest, 'utf8'))
        .replace('name: version', 'name: missing')
        .replace('version', 'nowhere');
      await writeFile(path.join(folder, 'missing.yaml'), missing.replace('./filters/version', './filters/nowhere'));
      await until(async () => (await ask(url)).status === 503, 20_000);
      await writeFile(
        path.join(folder, 'missing.yaml'),
        `${missing.replace('./filters/version', './filters/nowhere')}  failStrategy: FAIL_OPEN\n`,
      );
      await until(async () => (await ask(url)).status === 200, 20_000);
      expect(await version()).toBe('four');
      expect(await heddle.stop()).toBe(0);
    },
    120_000,
  );
});
