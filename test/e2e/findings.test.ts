import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runHeddle } from '@heddle/testing/heddle-process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const EXAMPLES = path.join(import.meta.dirname, '../../examples');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'heddle-findings-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

const SERVICE = `apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 80, name: http }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: main, image: web }] }
`;
const LOST = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec:
  hosts: [web]
  http:
    - route: [{ destination: { host: wbe } }]
`;

describe('heddle validate', () => {
  test.each(['nginx', 'canary'])('finds nothing wrong with examples/%s', async (example) => {
    const { stdout, stderr, exitCode } = await runHeddle(['validate', '-f', path.join(EXAMPLES, example)]);
    expect([stdout, exitCode]).toEqual(['', 0]);
    expect(stderr).toMatch(/✔ \d+ objects: no problems/);
  });

  test('shows what is wrong with the lines it is about, and exits with 1', async () => {
    const file = await write('mesh.yaml', LOST.replace('hosts:', 'hots:'));
    const { stdout, exitCode } = await runHeddle(['validate', '-f', file]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`✖ HED101 error  ${file}:5:3  VirtualService shop/web`);
    expect(stdout).toContain('unknown field "hots"; did you mean "hosts"?');
  });

  test.each([
    ['a misspelt kind', LOST.replace('VirtualService', 'VirtualServise'), 'HED006', /did you mean "VirtualService"/],
    ['a misspelt version', LOST.replace('io/v1', 'io/v1alpha9'), 'HED006', /wanted networking\.istio\.io\/v1/],
    ['a port that is none', SERVICE.replace('port: 80', 'port: 99999'), 'HED104', /65535/],
    ['a text for a number', SERVICE.replace('port: 80', 'port: http'), 'HED103', /wanted a/],
    ['a host that is none', LOST.replace('[web]', '["we b"]'), 'HED104', /we b/],
    ['broken YAML', 'a: [', 'HED002', /./],
    ['no object', '- 1', 'HED005', /./],
    ['the same object twice', `${LOST}---\n${LOST}`, 'HED008', /second time/],
  ])('%s: a finding with its place, in JSON too', async (_, text, code, message) => {
    const file = await write('mesh.yaml', text);
    const { stdout, exitCode } = await runHeddle(['validate', '-f', file, '--output', 'json']);
    expect(exitCode).toBe(1);
    const { version, errors, findings } = JSON.parse(stdout);
    expect(version).toBe(1);
    expect(errors).toBeGreaterThan(0);
    const found = findings.find((one: { code: string }) => one.code === code);
    expect(found).toMatchObject({ severity: 'error', file, line: expect.any(Number), column: expect.any(Number) });
    expect(found.message).toMatch(message);
  });

  test('control characters in a file do not reach the terminal', async () => {
    const file = await write('mesh.yaml', LOST.replace('[web]', '["\\e[31mred\\u202e"]'));
    const { stdout } = await runHeddle(['validate', '-f', file]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
    expect(stdout).not.toMatch(/[\u001b\u202e]/);
    const table = await runHeddle(['validate', '-f', file, '-o', 'table']);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
    expect(table.stdout).not.toMatch(/[\u001b\u202e]/);
  });

  test('a path that does not exist, and a folder without manifests, are told', async () => {
    const missing = await runHeddle(['validate', '-f', path.join(folder, 'nope')]);
    expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
    expect(missing.stderr).toContain('nope": it does not exist');
    await mkdir(path.join(folder, 'empty'));
    const empty = await runHeddle(['validate', '-f', path.join(folder, 'empty')]);
    expect(empty).toMatchObject({ exitCode: 1, stdout: '' });
    expect(empty.stderr).toMatch(/found no objects in ".*empty"/);
  });

  test('reads stdin', async () => {
    const { stdout, exitCode } = await runHeddle(['validate', '-f', '-', '-o', 'json'], {
      input: LOST.replace('web]', '*]'),
    });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).findings[0]).toMatchObject({ file: '<stdin>', line: 5 });
  });
});

describe('heddle analyze', () => {
  test('looks at objects together, and exits with 79 for errors', async () => {
    const file = await write('mesh.yaml', `${SERVICE}---\n${LOST}`);
    expect((await runHeddle(['validate', '-f', file])).exitCode).toBe(0);
    const { stdout, exitCode } = await runHeddle(['analyze', file]);
    expect(exitCode).toBe(79);
    expect(stdout).toContain(`✖ IST0101 error  ${file}:17:38  VirtualService shop/web`);
    expect(stdout).toContain('did you mean "web.shop.svc.cluster.local"?');
  });

  test.each([
    [['--severity', 'error'], 0, false],
    [['--severity', 'warning'], 0, false],
    [[], 0, true],
    [['--failure-threshold', 'info'], 79, true],
    [['--failure-threshold', 'info', '-S', 'IST0118'], 0, false],
    [['--failure-threshold', 'info', '-S', 'IST0118=Service shop/w*'], 0, false],
    [['--failure-threshold', 'info', '-S', 'IST0118=Service web.shop'], 0, false],
    [['--failure-threshold', 'info', '-S', 'IST0118=Service other/w*'], 79, true],
  ] as const)('an info with %o exits with %d and is shown: %s', async (options, expected, shown) => {
    const file = await write('mesh.yaml', SERVICE.replace('name: http', 'name: odd'));
    const { stdout, exitCode } = await runHeddle(['analyze', file, '-o', 'table', ...options]);
    expect(exitCode).toBe(expected);
    expect(stdout.includes('IST0118')).toBe(shown);
  });

  test('an unknown code, level or path is a mistake in the command line', async () => {
    const file = await write('mesh.yaml', SERVICE);
    expect(await runHeddle(['analyze', file, '-S', 'IST0810'])).toMatchObject({ exitCode: 64, stdout: '' });
    expect(await runHeddle(['analyze', file, '--severity', 'loud'])).toMatchObject({ exitCode: 64, stdout: '' });
    expect(await runHeddle(['analyze'])).toMatchObject({ exitCode: 64, stdout: '' });
  });

  test('lists its rules', async () => {
    const { stdout, exitCode } = await runHeddle(['analyze', '-L']);
    expect(exitCode).toBe(0);
    expect(stdout.trim().split('\n').length).toBeGreaterThan(25);
    expect(stdout).toMatch(/^IST0101 +error +missing-gateway /m);
  });
});
