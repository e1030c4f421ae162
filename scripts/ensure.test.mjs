import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { explainInstallFailure, findMissingPackage, SetupError } from './ensure.mjs';

const folders = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function clone({ wanted, installed }) {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-ensure-'));
  folders.push(folder);
  if (wanted !== undefined) writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }));
  if (installed !== undefined) {
    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
  }
  return folder;
}

describe('findMissingPackage', () => {
  const one = { 'node_modules/one': { version: '1.0.0' } };
  test.each([
    { name: 'all is there', wanted: one, installed: one, missing: undefined },
    { name: 'nothing was installed', wanted: one, installed: undefined, missing: 'nothing is installed yet' },
    { name: 'a package was added', wanted: one, installed: {}, missing: '"node_modules/one" is not installed' },
    {
      name: 'a version changed',
      wanted: one,
      installed: { 'node_modules/one': { version: '0.9.0' } },
      missing: '"node_modules/one" is 0.9.0, the lock file says 1.0.0',
    },
    {
      name: 'a binary for another platform is absent',
      wanted: { 'node_modules/one-darwin': { version: '1.0.0', optional: true } },
      installed: {},
      missing: undefined,
    },
    {
      name: 'a workspace is not linked',
      wanted: { 'packages/two': { version: '1.0.0' }, 'node_modules/@heddle/two': { link: true } },
      installed: {},
      missing: '"node_modules/@heddle/two" is not installed',
    },
  ])('$name', ({ wanted, installed, missing }) => {
    expect(findMissingPackage(clone({ wanted, installed }))).toBe(missing);
  });

  test('without a lock file says what is wanted', () => {
    expect(() => findMissingPackage(clone({}))).toThrow(SetupError);
  });
});

describe('explainInstallFailure', () => {
  test('names the network when the registry does not answer', () => {
    const text = explainInstallFailure('npm error code EAI_AGAIN\nnpm error request to registry failed', 1);
    expect(text).toContain('the npm registry does not answer (EAI_AGAIN)');
    expect(text).toContain('Wanted once: a network');
  });

  test("passes on npm's own reason otherwise, without its manual", () => {
    const manual = Array.from({ length: 40 }, (_, line) => `npm error option ${line}`).join('\n');
    const text = explainInstallFailure(`npm warn noise\nnpm error code EUSAGE\n${manual}`, 1);
    expect(text).toContain('npm ci failed with 1.\nnpm error code EUSAGE');
    expect(text).not.toContain('noise');
    expect(text.split('\n').length).toBeLessThan(12);
  });
});
