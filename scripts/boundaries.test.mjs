// The rules of .dependency-cruiser.mjs, each broken once in a small repository of its own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './ensure.mjs';

const config = join(root, '.dependency-cruiser.mjs');
const cruiser = join(root, 'node_modules/.bin/depcruise');

const allowed = {
  'packages/compiler/src/index.ts': `import { name } from '@heddle/model'; export { name };`,
  'packages/compiler/src/index.test.ts': `import '@heddle/testing'; import '@heddle/routing'; import 'node:fs'; await using a = await import('@heddle/api');`,
  'packages/discovery/src/node/serve.ts': `import 'node:http2'; import '../index.ts';`,
  'packages/gateway/src/index.ts': `import { name } from '@heddle/xds-client'; export { name };`,
  'packages/agent/src/run.ts': `import 'node:child_process';`,
  // The other half of a circle, which is reported once.
  'packages/api/src/m.ts': `import './l.ts';`,
  'packages/model/src/node-id.ts': `export const nodeId = 1;`,
  'packages/model/src/index.ts': `export { nodeId as name } from './node-id.ts';`,
  'packages/control-plane/src/index.ts': `import('@heddle/compiler'); import '@heddle/discovery';`,
  'test/parity/main.ts': `import '@heddle/gateway'; import '@heddle/control-plane'; import 'node:fs';`,
  'scripts/start.mjs': `import 'node:fs'; import './ensure.mjs';`,
  'scripts/ensure.mjs': `import 'node:fs';`,
};

const broken = [
  ['packages/compiler/src/a.ts', `import '@heddle/sources';`, ['floor-2-compiler']],
  ['packages/compiler/src/b.ts', `import type { name } from '@heddle/gateway';`, ['floor-2-compiler']],
  ['packages/discovery/src/c.ts', `import('@heddle/compiler');`, ['floor-2-discovery']],
  ['packages/gateway/src/d.test.ts', `import '@heddle/control-plane';`, ['floor-3-gateway-tests']],
  ['packages/model/src/e.ts', `import '@heddle/testing';`, ['floor-1-model', 'test-helpers-in-tests-only']],
  ['packages/compiler/src/u.ts', `using a = await import('@heddle/sources');`, ['floor-2-compiler']],
  ['packages/compiler/src/f.ts', `import '../../model/src/node-id.ts';`, ['front-door-only']],
  ['examples/one/g.mjs', `import '../../packages/model/src/index.ts';`, ['front-door-only-from-outside']],
  ['packages/routing/src/h.ts', `import 'node:fs';`, ['portable-core']],
  ['packages/discovery/src/i.ts', `import './node/serve.ts';`, ['portable-core-stays-portable']],
  ['packages/cli/src/j.ts', `import '@heddle/dashboard';`, ['floor-5-cli', 'floor-plan-names-every-package']],
  ['packages/api/src/k.ts', `import './nowhere.ts';`, ['resolvable']],
  ['packages/api/src/l.ts', `import './m.ts';`, ['no-circles']],
  ['packages/api/src/n.ts', `import 'undeclared';`, ['declared-dependencies']],
  ['scripts/readme-commands.mjs', `import 'undeclared';`, ['setup-needs-nothing']],
];

let folder;
let violations;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-boundaries-'));
  write('package.json', JSON.stringify({ name: 'root', type: 'module', workspaces: ['packages/*'] }));
  write('node_modules/undeclared/package.json', JSON.stringify({ name: 'undeclared', exports: './index.js' }));
  write('node_modules/undeclared/index.js', '');
  mkdirSync(join(folder, 'node_modules/@heddle'));
  const packages =
    'agent api cli compiler control-plane dashboard discovery envoy-api gateway model routing sources testing';
  for (const name of [...packages.split(' '), 'xds-client']) {
    const exports = { '.': { '@heddle/source': './src/index.ts', default: './dist/index.js' } };
    write(`packages/${name}/package.json`, JSON.stringify({ name: `@heddle/${name}`, type: 'module', exports }));
    write(`packages/${name}/src/index.ts`, 'export const name = 1;');
    symlinkSync(`../../packages/${name}`, join(folder, 'node_modules/@heddle', name));
  }
  for (const [path, text] of [...Object.entries(allowed), ...broken]) write(path, text);
  const folders = ['packages', 'scripts', 'test', 'examples'];
  const { stdout, stderr } = spawnSync(process.execPath, [cruiser, '--config', config, '-T', 'json', ...folders], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (!stdout.startsWith('{')) throw new Error(stderr);
  violations = JSON.parse(stdout).summary.violations;
}, 30_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function rulesBrokenBy(path) {
  return [...new Set(violations.filter(({ from }) => from === path).map(({ rule }) => rule.name))].sort();
}

test.each(broken)('%s with %s breaks %j', (path, _, rules) => {
  expect(rulesBrokenBy(path)).toEqual(rules);
});

test.each(Object.keys(allowed))('%s is as it should be', (path) => {
  expect(rulesBrokenBy(path)).toEqual([]);
});
