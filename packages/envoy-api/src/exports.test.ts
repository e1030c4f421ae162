import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(`${packageDirectory}package.json`, 'utf8'));
const sources = readdirSync(`${packageDirectory}src`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => name.replaceAll('\\', '/'));

describe('package exports', () => {
  const internal = new Set(['type-urls.ts', 'unsupported-fields.ts', 'unsupported-names.ts']);

  test.each(sources.filter((name) => !internal.has(name)))('%s is a subpath', async (name) => {
    const subpath = name === 'index.ts' ? '.' : `./${name.replace(/\.ts$/, '')}`;
    const isListed = subpath in manifest.exports || subpath.startsWith('./extensions/');
    expect(isListed).toBe(true);
    const imported = await import(`@heddle/envoy-api${subpath.slice(1)}`);
    expect(Object.keys(imported).length).toBeGreaterThan(0);
  });

  test('the topics together name everything that is generated', () => {
    const exported = new Set(
      sources.flatMap((name) => {
        const text = readFileSync(`${packageDirectory}src/${name}`, 'utf8');
        return [...text.matchAll(/export \{([^}]*)\} from '(?:\.\.\/)+gen\/([^']+)_pb\.js'/g)].flatMap(
          ([, names, file]) =>
            (names ?? '')
              .split(',')
              .map((entry) => `${file} ${entry.trim().replace(/^type /, '')}`)
              .filter((entry) => !entry.endsWith(' ')),
        );
      }),
    );
    const generated = readdirSync(`${packageDirectory}gen`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('_pb.d.ts'))
      .flatMap((name) => {
        const text = readFileSync(`${packageDirectory}gen/${name}`, 'utf8');
        const file = name.replaceAll('\\', '/').replace(/_pb\.d\.ts$/, '');
        return [...text.matchAll(/^export (?:declare )?(?:type|const|enum) (\w+)/gm)]
          .map((match) => match[1] ?? '')
          .filter((symbol) => !symbol.startsWith('file_'))
          .map((symbol) => `${file} ${symbol}`);
      });
    expect(generated.length).toBeGreaterThan(1000);
    expect(generated.filter((entry) => !exported.has(entry))).toEqual([]);
  });
});
