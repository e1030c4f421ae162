// Relative links in the repository's Markdown lead somewhere, and every `npm run NAME` that it mentions exists.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './ensure.mjs';

const { stdout } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
});
const pages = stdout.split('\0').filter((page) => page !== '' && existsSync(join(root, page)));
const scriptsOf = (folder) => {
  const manifest = join(root, folder, 'package.json');
  return existsSync(manifest) ? Object.keys(JSON.parse(readFileSync(manifest, 'utf8')).scripts ?? {}) : [];
};

test('there are pages to check', () => {
  expect(pages).toContain('README.md');
});

test.each(pages)('%s has no dead links', (page) => {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```.*?^```/gms, '');
  const links = [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target);
  const dead = links.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target)));
  expect(dead).toEqual([]);
});

test.each(pages)('%s names scripts that exist', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const named = [...text.matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, name]) => name);
  const known = [...scriptsOf('.'), ...scriptsOf(dirname(page))];
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});
