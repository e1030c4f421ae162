import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@bufbuild/protobuf';
import { compileModule } from '@heddle/testing/compile-module';
import { beforeAll, expect, test } from 'vitest';
import { envoyPlane } from '../support/filters/envoy-plane.ts';
import type { FilterCase, FilterPlane, PlaneOptions } from '../support/filters/filter-case.ts';
import { gatewayPlane } from '../support/filters/gateway-plane.ts';
import { requireEnvoy } from '../support/require-envoy.ts';
import { eventually } from '../support/waiting.ts';

/** Says its plugin's name in the callbacks at the end of a stream. */
const SOURCE = `
@external("env", "proxy_log")
declare function log(level: i32, at: usize, size: i32): i32;
@external("env", "proxy_get_property")
declare function property(path: usize, size: i32, at: usize, length: usize): i32;

const out = memory.data(8);
let free: usize = memory.data(4096);
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: i32): usize { const at = free; free += size; return at; }

function say(word: string): void {
  const start = free;
  const path = String.UTF8.encode("plugin_name");
  property(changetype<usize>(path), path.byteLength, out, out + 4);
  const text = String.UTF8.encode("at the end: " + word + " " + String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out + 4)));
  log(3, changetype<usize>(text), text.byteLength);
  free = start;
}

export function proxy_on_log(id: i32): void { if (id != 1) say("log"); }
export function proxy_on_done(id: i32): i32 { if (id != 1) say("done"); return 1; }
export function proxy_on_delete(id: i32): void { if (id != 1) say("delete"); }
`;

const filter = (name: string): JsonObject => ({
  name,
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
    config: { name, vm_config: { vm_id: name, runtime: 'envoy.wasm.runtime.v8' } },
  },
});
const router: JsonObject = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};
const manager: JsonObject = {
  '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  stat_prefix: 'http',
  route_config: {
    virtual_hosts: [
      { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream' } }] },
    ],
  },
  http_filters: [filter('first'), filter('second'), router],
};
const example: JsonObject = {
  static_resources: {
    listeners: [
      {
        filter_chains: [
          { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
        ],
      },
    ],
    clusters: [{ name: 'upstream' }],
  },
};
const request: FilterCase = { name: 'passes', configuration: 'any', request: {}, expect: { status: 200 } };

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-chain-'));
  await writeFile(join(folder, 'end.ts'), SOURCE);
  ({ wasm } = await compileModule(join(folder, 'end.ts'), { flags: ['--runtime', 'stub', '--use', 'abort='] }));
  await rm(folder, { recursive: true });
}, 60_000);

/** What the plugins of a chain say at the end of a request. */
async function endOf(start: (options: PlaneOptions) => Promise<FilterPlane>): Promise<readonly string[]> {
  const said: string[] = [];
  const onLog = (line: string): void => {
    const found = /at the end: (\w+ \w+)/.exec(line)?.[1];
    if (found !== undefined) said.push(found);
  };
  await using plane = await start({ wasm, example, cases: [request], clusters: {}, onLog });
  expect((await plane.send(request)).status).toBe(200);
  await eventually(async () => expect(said).toHaveLength(6), 5_000);
  return said;
}

const ORDER = ['log first', 'log second', 'done first', 'delete first', 'done second', 'delete second'];

test('in Envoy all plugins of a chain log before the first is done', async (context) => {
  const path = await requireEnvoy('1.40');
  if (path === undefined) return context.skip('no such Envoy can be had');
  expect(await endOf((options) => envoyPlane(path, options))).toEqual(ORDER);
});

test('in the gateway as in Envoy', async () => {
  expect(await endOf(gatewayPlane)).toEqual(ORDER);
});
