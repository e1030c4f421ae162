import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { EXIT, type ExitCode } from '../exit-code.ts';

/** Prints Heddle's version and what it runs on. */
export async function version(options: { readonly output: 'text' | 'json' }): Promise<ExitCode> {
  const own = await heddleVersion();
  const runtime = process.versions['bun'] ?? process.versions['deno'] ?? process.versions.node;
  const name = process.versions['bun'] ? 'Bun' : process.versions['deno'] ? 'Deno' : 'Node';
  const text =
    options.output === 'json'
      ? JSON.stringify({ heddle: own, runtime: { name, version: runtime }, envoy: { oldest: '1.36', newest: '1.40' } })
      : `heddle ${own} (${name} ${runtime}; Envoy 1.36 to 1.40)`;
  process.stdout.write(`${text}\n`);
  return EXIT.ok;
}

/** The version in this package's package.json. */
export async function heddleVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
