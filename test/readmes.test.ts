// Every package's README says what the package is good for alone, what it exports and where it ends; its first TypeScript example is a
// program that runs on Node, Bun and Deno.
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { requireEnvoy } from './support/require-envoy.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules/.bin');
const source = '--conditions=@heddle/source';

const runtimes = {
  node: [join(bin, 'node'), source],
  bun: [join(bin, 'bun'), source],
  deno: [join(bin, 'deno'), 'run', '--allow-all', '--node-modules-dir=manual', '--quiet', source],
} as const;

interface Example {
  readonly name: string;
  readonly code: string;
  /** What the comments behind `console.log(…)` promise: a JSON value, or any text after an arrow. */
  readonly promised: readonly string[];
}

function readExample(folder: string): Example | undefined {
  const readme = join(folder, 'README.md');
  if (!existsSync(readme)) return undefined;
  const code = /^```ts\n([^]*?)^```$/m.exec(readFileSync(readme, 'utf8'))?.[1];
  if (code === undefined) return undefined;
  const promised = [...code.matchAll(/^\s*console\.log\(.*\);? +\/\/ (.+)$/gm)].flatMap(([, comment = '']) => {
    if (comment.startsWith('→ ')) return [comment.slice(2)];
    return isJson(comment) ? [comment.replace(/^"(.*)"$/, '$1')] : [];
  });
  return { name: folder, code, promised };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function run(command: readonly string[], file: string): Promise<{ status: number | string | null; output: string }> {
  const [program = '', ...args] = command;
  return new Promise((fulfil) => {
    const child = spawn(program, [...args, file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
      env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: undefined },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', (error) => fulfil({ status: error.message, output }));
    child.on('close', (code, signal) => fulfil({ status: code ?? signal, output }));
  });
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly private?: boolean;
  readonly bin?: object;
}

const envoyPath = await requireEnvoy();

// What is not published shows nothing to users, and what is a command shows commands.
const published = globSync('packages/*/package.json', { cwd: root })
  .map((path) => join(path, '..'))
  .filter((path) => readManifest(path).private !== true)
  .sort();

const libraries = published.filter((path) => readManifest(path).bin === undefined);

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Manifest;
}

test.each(published)('%s/README.md says when to use it alone, what it exports, and its limits', (path) => {
  const readme = readFileSync(join(root, path, 'README.md'), 'utf8');
  const { name, exports } = readManifest(path);
  expect(readme).toMatch(new RegExp(`^# ${name}$`, 'm'));
  expect(readme).toMatch(/^(?:\*\*)?Use this alone if\b/m);
  expect(readme).toMatch(/^(?:#+ )?Limits\b/m);
  const subpaths = Object.keys(exports).filter((subpath) => !['.', './package.json'].includes(subpath));
  const missing = subpaths.filter((subpath) => !readme.includes(subpath.slice(1).replace('/*', '/')));
  expect(missing, 'subpaths that the page does not name').toEqual([]);
});

describe.each(libraries)('%s/README.md', (path) => {
  const folder = join(root, path);
  const name = path.replace(/^packages./, '');
  const example = readExample(folder);

  test('has an example in TypeScript', () => {
    expect(example?.code ?? '').not.toBe('');
  });

  if (example === undefined) return;
  // The agent's runs an Envoy; where there is none, the search for it has printed why.
  if (name === 'agent' && envoyPath === undefined) return;
  test.each(['node', 'bun', 'deno'] as const)(
    'runs on %s',
    async (runtime) => {
      // Inside the package, so that its dependencies resolve as they do for its own files.
      mkdirSync(join(folder, '.cache'), { recursive: true });
      const file = join(folder, '.cache', `readme-${runtime}-${process.pid}.ts`);
      writeFileSync(file, example.code);
      try {
        const { status, output } = await run(runtimes[runtime], file);
        expect(status, output).toBe(0);
        if (example.code.includes('console.log(')) expect(output.trim()).not.toBe('');
        for (const line of example.promised) expect(output).toContain(line);
      } finally {
        rmSync(file, { force: true });
      }
    },
    40_000,
  );
});
