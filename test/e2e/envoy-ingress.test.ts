import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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

describe.skipIf(envoyPath === undefined)('heddle dev --proxy envoy', () => {
  test('serves through a real Envoy, applies edits, and starts it again when it dies', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'heddle-dev-envoy-'));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    await cp(NGINX, folder, { recursive: true });
    const heddle = startHeddle(['dev', folder, '--proxy', 'envoy', '--envoy-path', envoyPath ?? '', '--access-log']);
    cleanups.push(() => heddle.stop());
    const summary = await heddle.waitFor('try:', 60_000);
    expect(summary).toMatch(/Envoy 1\.40\.\d+ · ready in/);
    const url = /http:\/\/localhost:\d+/.exec(summary)?.[0] ?? '';
    expect(await (await fetch(url)).text()).toContain('<title>Welcome to nginx!</title>');
    await heddle.waitFor(/"GET \/ HTTP\/1\.1" 200 /);

    const gateway = path.join(folder, 'gateway.yaml');
    const original = await readFile(gateway, 'utf8');
    await writeFile(
      gateway,
      `${original.trimEnd()}\n      headers:\n        response:\n          set:\n            x-edit: applied\n`,
    );
    await until(async () => (await fetch(url)).headers.get('x-edit') === 'applied', 20_000);

    const envoyPid = await envoyBelow(heddle.child.pid ?? 0);
    process.kill(envoyPid, 'SIGKILL');
    await heddle.waitFor('Envoy died');
    await heddle.waitFor('Envoy serves again', 30_000);
    await until(
      () =>
        fetch(url).then(
          ({ headers }) => headers.get('x-edit') === 'applied',
          () => false,
        ),
      20_000,
    );
    const lastPid = await envoyBelow(heddle.child.pid ?? 0);
    expect(await heddle.stop()).toBe(0);
    // Its port may be another program's by now; the process is gone.
    expect(() => process.kill(lastPid, 0)).toThrow('ESRCH');
  }, 90_000);
});

/** The process id of the Envoy among a process's descendants. */
async function envoyBelow(parent: number): Promise<number> {
  const parents = new Map<number, { readonly parent: number; readonly name: string }>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // A process may end between the listing and the reading.
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const [, name, ppid] = /^\d+ \((.*)\) \S (\d+)/.exec(stat) ?? [];
    if (name !== undefined) parents.set(Number(entry), { parent: Number(ppid), name });
  }
  const descends = (pid: number): boolean => {
    const process = parents.get(pid);
    return process !== undefined && (process.parent === parent || descends(process.parent));
  };
  const [found] = [...parents].filter(([pid, { name }]) => name.startsWith('envoy') && descends(pid));
  if (found === undefined) throw new Error(`no Envoy among the descendants of process ${parent}`);
  return found[0];
}
