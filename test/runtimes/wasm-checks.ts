// Filters in WebAssembly on any runtime: in the gateway, and as middleware of a Hono app.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@bufbuild/protobuf';
import { compileModule } from '@heddle/testing/compile-module';
import { wasmFilter } from '@heddle/wasm-host/hono';
import { Hono } from 'hono';

const type = (name: string) => ({ '@type': `type.googleapis.com/${name}` });

let compiled: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** The module that does what requests ask of it. */
export function gateModule(): Promise<Uint8Array<ArrayBuffer>> {
  const entry = fileURLToPath(new URL('../../packages/wasm-host/test-modules/gate.ts', import.meta.url));
  compiled ??= compileModule(entry, { flags: ['--runtime', 'incremental', '--use', 'abort=gate/abort'] }).then(
    ({ wasm }) => wasm,
  );
  return compiled;
}

/** A connection manager's filters, with the module before the router. */
export async function withGateFile(use: (manager: JsonObject) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-gate-'));
  const filename = join(folder, 'gate.wasm');
  try {
    await writeFile(filename, await gateModule());
    const config = {
      name: 'gate',
      vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename } } },
      configuration: { ...type('google.protobuf.StringValue'), value: 'gate' },
    };
    await use({
      httpFilters: [
        { name: 'gate', typedConfig: { ...type('envoy.extensions.filters.http.wasm.v3.Wasm'), config } },
        { name: 'router', typedConfig: type('envoy.extensions.filters.http.router.v3.Router') },
      ],
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Sends what the gate answers, changes and reads; `wanted` compares. */
export async function checkGate(
  url: string,
  wanted: (found: unknown, expected: unknown, what: string) => void,
  send: (url: string, init?: RequestInit) => Promise<Response> = fetch,
): Promise<void> {
  const refused = await send(`${url}/a`, { headers: { 'x-do': 'reply' } });
  wanted(
    [refused.status, await refused.text(), refused.headers.get('x-gate')],
    [403, 'no way\n', 'gate 403'],
    'an answer of its own',
  );
  const changed = await send(`${url}/a`, { method: 'POST', body: 'hello', headers: { 'x-do': 'swap' } });
  wanted([changed.status, changed.headers.get('x-gate')], [200, 'gate 200'], 'a head');
  wanted(/^swapped \d+$/.test(await changed.text()), true, 'a changed body');
  const trapped = await send(`${url}/a`, { headers: { 'x-do': 'trap' } });
  await trapped.text();
  wanted(trapped.status, 503, 'a module that fails');
}

/** A Hono app behind the module. */
export async function gateApplication(): Promise<Hono> {
  const filter = wasmFilter(await gateModule(), 'gate');
  await filter.ready;
  return new Hono().use(filter).all('*', async (c) => {
    const body = await c.req.text();
    return new Response(new Blob([`seen ${body}`]).stream());
  });
}
