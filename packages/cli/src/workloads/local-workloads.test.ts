import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LocalWorkloads } from './local-workloads.ts';
import type { ContainerPlan, PodPlan } from './pod-plan.ts';

let folder: string;
let workloads: LocalWorkloads;
const lines: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'heddle-workloads-'));
  lines.length = 0;
  workloads = new LocalWorkloads({ address: '127.0.0.1', onChange: () => {}, log: (line) => lines.push(line) });
});
afterEach(async () => {
  await workloads.close();
  await rm(folder, { recursive: true, force: true });
});

function plan(container: Partial<ContainerPlan>): PodPlan {
  return {
    namespace: 'shop',
    name: 'web-0',
    workload: 'web',
    labels: { app: 'web' },
    annotations: {},
    folder,
    containers: [
      {
        name: 'web',
        image: 'nginx',
        ports: [{ containerPort: 80 }],
        env: {},
        runs: { type: 'stand-in' },
        probe: { type: 'http', path: '/', containerPort: 80 },
        ...container,
      },
    ],
  };
}

async function boundPort(): Promise<string> {
  await vi.waitFor(() => expect(workloads.ready).toBe(true), { timeout: 10_000 });
  return workloads.pods()[0]?.metadata.annotations?.['heddle.dev/bound-ports']?.split('=')[1] ?? '';
}

describe('LocalWorkloads', () => {
  test("serves nginx's welcome page from a stand-in that says what it is", async () => {
    await workloads.apply([plan({})]);
    const response = await fetch(`http://127.0.0.1:${await boundPort()}/`);
    const page = await response.text();
    expect(page).toContain('<title>Welcome to nginx!</title>');
    expect(page).toContain('stand-in');
    expect((await fetch(`http://127.0.0.1:${await boundPort()}/none`)).status).toBe(404);
  });

  test('runs the annotated command in the folder of its manifest, with PORT and its own environment', async () => {
    await writeFile(
      path.join(folder, 'server.mjs'),
      `import { createServer } from 'node:http';
       createServer((_, response) => response.end(process.env.GREETING)).listen(process.env.PORT, process.env.HOST);`,
    );
    await workloads.apply([plan({ runs: { type: 'command', command: 'node server.mjs' }, env: { GREETING: 'ahoy' } })]);
    expect(await (await fetch(`http://127.0.0.1:${await boundPort()}/`)).text()).toBe('ahoy');
  });

  test('reports a pod as not ready until its probe passes', async () => {
    await workloads.apply([plan({})]);
    expect(workloads.pods()[0]?.status?.conditions).toMatchObject([{ type: 'Ready', status: 'False' }]);
    await boundPort();
    expect(workloads.pods()[0]?.status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
  });

  test('starts a process again that ends by itself, and says so', async () => {
    const counter = path.join(folder, 'starts');
    await workloads.apply([
      plan({ runs: { type: 'command', command: `echo started >> ${counter}; exit 3` }, probe: { type: 'none' } }),
    ]);
    await vi.waitFor(async () => expect((await readFile(counter, 'utf8')).split('\n').length).toBeGreaterThan(2), {
      timeout: 10_000,
    });
    expect(lines.join('\n')).toContain('ended with exit code 3; starting it again');
  });

  test('stops what is planned no more and leaves alone what is unchanged', async () => {
    await workloads.apply([plan({})]);
    const port = await boundPort();
    await workloads.apply([plan({})]);
    expect(await boundPort()).toBe(port);
    await workloads.apply([]);
    expect(workloads.pods()).toEqual([]);
    await vi.waitFor(() => expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow(), { timeout: 10_000 });
  });
});
