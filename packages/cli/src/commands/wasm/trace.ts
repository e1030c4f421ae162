import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { formatTrap, locateTrap, readTraps, type TracedModule, traceModule } from '@heddle/wasm-tools';
import { CommandError, EXIT, type ExitCode } from '../../exit-code.ts';

export interface WasmTraceOptions {
  /** Modules that may have failed; those of `.` and `build` unless given. */
  readonly module?: readonly string[];
  readonly json?: boolean;
}

/** `heddle wasm trace`: where filters failed, by Envoy's log. Exit 0 whether there are failures or not. */
export async function wasmTrace(log: string, options: WasmTraceOptions): Promise<ExitCode> {
  const traps = readTraps(log === '-' ? await text(process.stdin) : await readText(log));
  const modules = await readModules(options.module ?? (await modulesHere()));
  const traced = traps.map((trap) => locateTrap(trap, modules));
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ version: 1, failures: traced }, null, 2)}\n`);
  } else {
    for (const one of traced) process.stdout.write(`${formatTrap(one)}\n\n`);
    process.stderr.write(summary(traps.length, modules.size));
  }
  return EXIT.ok;
}

function summary(traps: number, modules: number): string {
  if (traps === 0) return 'heddle: no failure of a filter in this log\n';
  if (modules === 0) return 'heddle: no module to look the places up in: name it with --module build/NAME.wasm\n';
  return `heddle: ${traps === 1 ? '1 failure' : `${traps} failures`}\n`;
}

async function readModules(files: readonly string[]): Promise<ReadonlyMap<string, TracedModule>> {
  const modules = new Map<string, TracedModule>();
  for (const file of files) {
    const wasm = await readFile(file).catch((error: NodeJS.ErrnoException) => fail(file, error));
    const map = await readFile(`${file}.map`, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    try {
      modules.set(file, traceModule(wasm, map));
    } catch (error) {
      if (error instanceof RangeError || error instanceof SyntaxError) {
        throw new CommandError(`cannot read "${file}" or its map: ${error.message}`, { cause: error });
      }
      throw error;
    }
  }
  return modules;
}

async function modulesHere(): Promise<readonly string[]> {
  const found = await Promise.all(
    ['.', 'build'].map(async (folder) => {
      const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
        throw error;
      });
      return names.filter((name) => name.endsWith('.wasm')).map((name) => path.join(folder, name));
    }),
  );
  return found.flat();
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => fail(file, error));
}

function fail(file: string, error: NodeJS.ErrnoException): never {
  throw new CommandError(
    `cannot read "${file}": ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`,
    {
      cause: error,
    },
  );
}
