import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type HeddleProcess, runHeddle, startHeddle } from '@heddle/testing/heddle-process';
import { until } from './waiting.ts';

/** A folder laid out as Istio's samples/bookinfo, and what its manifests are about. */
export interface BookinfoFolder {
  readonly folder: string;
  /** A path that the ingress answers, `/productpage`. */
  readonly path: string;
  /** The Deployment behind it, whose sidecar is translated for. */
  readonly workload: string;
}

/** What is applied whichever routes are tried. */
const BASE = [
  'platform/kube/bookinfo.yaml',
  'networking/bookinfo-gateway.yaml',
  'networking/destination-rule-all.yaml',
];

/** The files whose routes are tried one after the other. */
export async function routeFiles({ folder }: BookinfoFolder): Promise<readonly string[]> {
  const files = await readdir(path.join(folder, 'networking'));
  return files
    .filter((file) => /^(?:virtual-service|egress-rule)-.*\.yaml$/.test(file))
    .sort()
    .map((file) => `networking/${file}`);
}

/** Asserts that `heddle validate` finds no error in the files together, and gives what it prints. */
export async function validates(bookinfo: BookinfoFolder, ...files: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runHeddle(['validate', ...fileArguments(bookinfo, files)]);
  assert.equal(exitCode, 0, `heddle validate ${files.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}

/** Asserts that the base with the file compiles for the ingress and for the workload's sidecar. */
export async function translates(bookinfo: BookinfoFolder, file: string): Promise<void> {
  for (const proxy of ['gateway', `sidecar:default/${bookinfo.workload}`]) {
    const args = ['translate', ...fileArguments(bookinfo, [...BASE, file]), '--for', proxy, '-o', 'json'];
    const { exitCode, stdout, stderr } = await runHeddle(args);
    assert.equal(exitCode, 0, `heddle ${args.join(' ')}:\n${stderr}`);
    assert.ok(stdout.includes('outbound|9080||'), `heddle ${args.join(' ')} printed no cluster`);
  }
}

/** Serves the base with `heddle dev`, applies each file in turn, and asserts that the ingress answers all the while. */
export async function serves(
  bookinfo: BookinfoFolder,
  options: readonly string[],
  files: readonly string[],
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'heddle-bookinfo-'));
  let heddle: HeddleProcess | undefined;
  try {
    for (const file of BASE) await copyFile(path.join(bookinfo.folder, file), path.join(folder, path.basename(file)));
    heddle = startHeddle(['dev', folder, ...options]);
    const summary = await heddle.waitFor('try:', 120_000);
    assert.match(summary, / 0 problems/);
    const url = `${/http:\/\/localhost:\d+/.exec(summary)?.[0]}${bookinfo.path}`;
    for (const file of files) {
      const from = heddle.stderr().length;
      await copyFile(path.join(bookinfo.folder, file), path.join(folder, 'routes.yaml'));
      await until(() => Promise.resolve((heddle?.stderr() ?? '').slice(from).includes('✔ applied')), 10_000);
      const response = await fetch(url);
      const text = await response.text();
      assert.equal(response.status, 200, `${file}: ${url} answered ${response.status} ${text}`);
      assert.ok(text.includes(bookinfo.workload), `${file}: ${url} was answered by somebody else: ${text}`);
    }
    assert.doesNotMatch(heddle.stderr(), / error /);
  } finally {
    assert.equal(await heddle?.stop(), 0);
    await rm(folder, { recursive: true, force: true });
  }
}

function fileArguments({ folder }: BookinfoFolder, files: readonly string[]): readonly string[] {
  return files.flatMap((file) => ['-f', path.join(folder, file)]);
}
