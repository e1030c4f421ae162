import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type HeddleProcess, startHeddle } from '@heddle/testing/heddle-process';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../support/waiting.ts';

const NGINX = path.join(import.meta.dirname, '../../examples/nginx');

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function exampleCopy(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'heddle-dev-'));
  await cp(NGINX, folder, { recursive: true });
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function startDev(...args: string[]): Promise<{ heddle: HeddleProcess; summary: string; url: string }> {
  const heddle = startHeddle(['dev', ...args]);
  cleanups.push(() => heddle.stop());
  const summary = await heddle.waitFor('try:', 60_000);
  const url = /http:\/\/localhost:\d+/.exec(summary)?.[0] ?? '';
  return { heddle, summary, url };
}

const statusOf = async (url: string) => (await fetch(url)).status;

describe('heddle dev', () => {
  test('serves the nginx example, says what it read and where, and ends with 0', async () => {
    const { heddle, summary, url } = await startDev(NGINX);
    expect(summary).toContain('5 resources (Namespace, Deployment, Service, Gateway, VirtualService) · 0 problems');
    expect(summary).toContain('image "nginx" is served by a stand-in process');
    expect(summary).toContain('test-gateway/test-virtualservice → test-svc:80 → test-deployment v1');
    // On 8080, or on the next free one where another program has it: the test below, and those of portLines, tell them apart.
    expect(summary).toMatch(/port 80 is served on 80\d\d/);
    expect(await (await fetch(url)).text()).toContain('<title>Welcome to nginx!</title>');
    expect(await heddle.stop()).toBe(0);
  });

  test('serves on the next free port where the wanted one is taken', async () => {
    const blocker = createServer().listen(8080, '127.0.0.1');
    // If something else holds the port, that serves as well.
    await new Promise<void>((resolve) => blocker.once('listening', resolve).once('error', () => resolve()));
    cleanups.push(() => new Promise((resolve) => blocker.close(resolve)));
    const { summary, url } = await startDev(NGINX);
    expect(summary).toMatch(/port 8080 is taken: port 80 is served on \d+/);
    expect(await statusOf(url)).toBe(200);
  });

  test('applies edits without dropping a request', async () => {
    const folder = await exampleCopy();
    const { heddle, url } = await startDev(folder);
    const original = await readFile(path.join(folder, 'gateway.yaml'), 'utf8');
    const outcomes = new Map<string, number>();
    let stop = false;
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!stop) {
          const outcome = await keepAliveGet(`${url}/`);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
      }),
    );
    for (let edit = 0; edit < 15; edit++) {
      const header = `      headers:\n        response:\n          set:\n            x-edit: "${edit}"\n`;
      await writeFile(path.join(folder, 'gateway.yaml'), original.trimEnd() + '\n' + header);
      await until(async () => (await fetch(url)).headers.get('x-edit') === String(edit));
    }
    stop = true;
    await load;
    expect([...outcomes.keys()]).toEqual(['200']);
    expect(outcomes.get('200')).toBeGreaterThan(15);
    expect(heddle.stderr()).toContain('✔ applied: VirtualService test-namespace/test-virtualservice');
  });

  test('keeps the last good state of a broken file and shows where it is broken', async () => {
    const folder = await exampleCopy();
    const { heddle, url } = await startDev(folder);
    const file = path.join(folder, 'gateway.yaml');
    const original = await readFile(file, 'utf8');

    await writeFile(file, original.replace('  gateways:', '  gatways:'));
    await heddle.waitFor('unknown field "gatways"; did you mean "gateways"?');
    const line = original.split('\n').findIndex((text) => text === '  gateways:') + 1;
    expect(heddle.stderr()).toContain(`${file}:${line}:3`);
    expect(heddle.stderr()).toContain('its last good version stays in use');
    expect(await statusOf(url)).toBe(200);

    await writeFile(file, original.slice(0, original.indexOf('selector')));
    await heddle.waitFor(/HED10[0-9] error .*Gateway test-namespace\/test-gateway/);
    expect(await statusOf(url)).toBe(200);

    await writeFile(file, original);
    await heddle.waitFor('no problems any more');
    expect(await statusOf(url)).toBe(200);
  });

  test('removes what a deleted file declared, and keeps what a vanished folder declared', async () => {
    const folder = await exampleCopy();
    const { heddle, url } = await startDev(folder);
    const original = await readFile(path.join(folder, 'gateway.yaml'), 'utf8');
    await rm(path.join(folder, 'gateway.yaml'));
    await heddle.waitFor('Gateway test-namespace/test-gateway (removed)');
    await until(async () =>
      fetch(url).then(
        () => false,
        () => true,
      ),
    );
    await writeFile(path.join(folder, 'gateway.yaml'), original);
    await until(async () =>
      fetch(url).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );

    await rm(folder, { recursive: true });
    await heddle.waitFor('HED001 error');
    expect(heddle.stderr()).toContain('its last good state stays in use');
    expect(await statusOf(url)).toBe(200);
  });

  test('reads a separator pasted with too many dashes, with a warning and its fix', async () => {
    const folder = await exampleCopy();
    const file = path.join(folder, 'gateway.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('\n---\n', '\n-----\n'));
    const { heddle, url } = await startDev(folder);
    expect(heddle.stderr()).toContain('found a line of 5 dashes');
    expect(heddle.stderr()).toContain('write exactly three dashes');
    expect(await statusOf(url)).toBe(200);
  });

  test('says which kinds and fields it does not apply', async () => {
    const folder = await exampleCopy();
    const file = path.join(folder, 'gateway.yaml');
    const text = (await readFile(file, 'utf8')).trimEnd();
    await writeFile(
      file,
      `${text}\n---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: near, namespace: test-namespace }\nspec: { host: test-svc, trafficPolicy: { loadBalancer: { localityLbSetting: { enabled: true } } } }\n---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: strict }\nspec: {}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualServise\nmetadata: { name: x }\n`,
    );
    const { heddle } = await startDev(folder);
    expect(heddle.stderr()).toMatch(/HED106 warning .*gateway\.yaml:\d+:\d+/);
    expect(heddle.stderr()).toContain('HED007');
    expect(heddle.stderr()).toMatch(/VirtualServise[\s\S]*VirtualService/);
  });

  test('prints one line for each request with --access-log', async () => {
    const { heddle, url } = await startDev(NGINX, '--access-log');
    await fetch(`${url}/logged?x=1`);
    await heddle.waitFor(/"GET \/logged\?x=1 HTTP\/1\.1" 404 /);
  });
});

/** A GET whose connection may be used again, as clients do that notice dropped connections. */
function keepAliveGet(url: string): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(url, (response) => {
      response.resume();
      response.once('end', () => resolve(String(response.statusCode)));
      response.once('error', (error) => resolve(error.message));
    });
    sent.once('error', (error) => resolve(error.message));
    sent.end();
  });
}
