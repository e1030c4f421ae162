// Checks what npm would publish, after a build: publint's rules per package, and that every subpath in `exports` can be
// imported from dist/ as a user would: npm run publint
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { root } from './ensure.mjs';

let passed = 0;
const problems = [];

for (const path of globSync('packages/*/package.json', { cwd: root }).sort()) {
  const manifest = JSON.parse(readFileSync(join(root, path), 'utf8'));
  // Helpers for this repository's tests are never published.
  if (manifest.private === true) continue;
  const folder = join(root, path, '..');
  if (!existsSync(join(folder, 'dist'))) {
    problems.push(`${manifest.name}: found no dist/, wanted a build first: npm run build`);
    continue;
  }
  const { messages, pkg } = await publint({ pkgDir: folder, pack: 'npm', level: 'warning', strict: true });
  check(
    messages.length === 0,
    messages.map((message) => `${manifest.name}: ${formatMessage(message, pkg)}`).join('\n'),
  );
  for (const { name, types } of subpathsOf(manifest, folder)) {
    try {
      const exported = await import(name);
      const file = import.meta.resolve(name);
      check(file.includes('/dist/'), `${name}: resolves to "${file}", wanted a file in dist/`);
      check(Object.keys(exported).length > 0 || isTypesOnly(types), `${name}: exports nothing`);
    } catch (error) {
      problems.push(`${name}: cannot be imported from dist/: ${error.message}`);
    }
  }
  for (const file of Object.values(manifest.bin ?? {})) {
    check(existsSync(join(folder, file)), `${manifest.name}: bin "${file}" does not exist`);
  }
}

/** Each name that can be imported, with its declarations; a subpath pattern stands for all the files it matches. */
function subpathsOf(manifest, folder) {
  return Object.entries(manifest.exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return [];
    if (!subpath.includes('*')) return [{ name: manifest.name + subpath.slice(1), types: join(folder, target.types) }];
    const [head, tail] = join(target.types).split('*');
    return globSync(join(target.types), { cwd: folder }).map((file) => ({
      name: manifest.name + subpath.slice(1).replace('*', file.slice(head.length, -tail.length)),
      types: join(folder, file),
    }));
  });
}

/** A subpath may offer types alone; then its declarations say so. */
function isTypesOnly(declarations) {
  return /export (?:declare )?(?:type|interface)\b/.test(readFileSync(declarations, 'utf8'));
}

function check(holds, problem) {
  if (holds) passed += 1;
  else problems.push(problem);
}

for (const problem of problems) process.stdout.write(`${problem}\n`);
process.stdout.write(`${passed} passed, ${problems.length} failed\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
