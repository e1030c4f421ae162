import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { compileModule } from '@heddle/testing/compile-module';
import type { Json } from './parity-case.ts';

const MENTION = /\$\{(module|module-hash):([a-z-]+)\}/g;
const sources = join(import.meta.dirname, 'test-modules');
/** A module of other tests, which does what requests ask of it. */
const gate = join(import.meta.dirname, '../../packages/wasm-host/test-modules/gate.ts');

interface BuiltModule {
  readonly path: string;
  readonly hash: string;
}

let built: ReadonlyMap<string, BuiltModule> | undefined;
let building: Promise<ReadonlyMap<string, BuiltModule>> | undefined;

/** Builds the modules that cases may name: each file of `test-modules` and the gate, once in a process. */
export async function buildModules(): Promise<void> {
  building ??= buildAll();
  built = await building;
}

async function buildAll(): Promise<ReadonlyMap<string, BuiltModule>> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-parity-modules-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const modules = new Map<string, BuiltModule>();
  const own = readdirSync(sources).filter((name) => name.endsWith('.ts'));
  for (const file of [...own.map((name) => join(sources, name)), gate]) {
    const name = basename(file, '.ts');
    const { wasm } = await compileModule(file, {
      flags: ['--runtime', 'minimal', '--optimize', '--use', `abort=${name}/abort`],
    });
    const path = join(folder, `${name}.wasm`);
    writeFileSync(path, wasm);
    modules.set(name, { path, hash: createHash('sha256').update(wasm).digest('hex') });
  }
  return modules;
}

/**
 * The value with `${module:NAME}` (path of the built module) and `${module-hash:NAME}` (its SHA-256) replaced.
 *
 * @throws Error for a module that is not there, or before {@link buildModules}
 */
export function withModules(value: Json): Json {
  if (typeof value === 'string') {
    return value.replace(MENTION, (mention, what: string, name: string) => {
      const found = built?.get(name);
      if (found === undefined) throw new Error(`"${mention}" names no module of test/parity/test-modules`);
      return what === 'module' ? found.path : found.hash;
    });
  }
  if (Array.isArray(value)) return value.map(withModules);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withModules(field as Json)]));
  return value;
}
