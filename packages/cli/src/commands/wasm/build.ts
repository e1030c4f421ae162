import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {
  BuildError,
  type BuildOptions,
  type BuiltFilter,
  buildFilter,
  CompileError,
  formatDiagnostic,
  formatProblem,
  watchFilter,
} from '@heddle/wasm-tools';
import { CommandError, EXIT, type ExitCode } from '../../exit-code.ts';
import { stopSignal } from '../../terminal/stop-signal.ts';

export interface WasmBuildOptions {
  /** The file to write; `build/NAME.wasm` in the filter's folder unless given. */
  readonly out?: string;
  readonly watch?: boolean;
  readonly names: boolean;
  readonly optimize: boolean;
  readonly json?: boolean;
}

/** `heddle wasm build`: a module that Envoy runs, and its source map beside it. */
export async function wasmBuild(filter: string, options: WasmBuildOptions): Promise<ExitCode> {
  const settings: BuildOptions = { names: options.names, optimize: options.optimize };
  if (options.watch !== true) {
    await written(await built(filter, settings), options);
    return EXIT.ok;
  }
  let last: Promise<void> = Promise.resolve();
  const watched = watchFilter(
    filter,
    (event) => {
      last = last.then(async () => {
        if (event.type === 'built') await written(event.filter, options);
        else process.stderr.write(`heddle: ${event.error.message}\n`);
      });
    },
    settings,
  );
  await watched.ready;
  process.stderr.write('heddle: waiting for changes; Ctrl+C ends it\n');
  await stopSignal();
  await watched.close();
  await last;
  return EXIT.ok;
}

/**
 * Builds a filter for a command.
 *
 * @throws CommandError if its sources are at fault
 */
export async function built(filter: string, options: BuildOptions = {}): Promise<BuiltFilter> {
  try {
    return await buildFilter(filter, options);
  } catch (error) {
    if (error instanceof CompileError || error instanceof BuildError) {
      throw new CommandError(error.message, { cause: error });
    }
    throw error;
  }
}

async function written(filter: BuiltFilter, options: WasmBuildOptions): Promise<void> {
  const file = path.resolve(options.out ?? path.join(filter.folder, 'build', `${filter.name}.wasm`));
  await mkdir(path.dirname(file), { recursive: true });
  // The map first: whoever watches the module finds the right one.
  await writeFile(`${file}.map`, filter.sourceMap);
  await writeFile(file, filter.wasm);
  for (const warning of filter.warnings) process.stderr.write(`${formatDiagnostic(warning)}\n`);
  for (const problem of filter.problems) process.stderr.write(`${formatProblem(problem)}\n`);
  const { size, gzipSize, namesSize, exports, imports, statsTags } = filter;
  const shown = path.relative(process.cwd(), file) || file;
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ version: 1, file, sourceMap: `${file}.map`, size, gzipSize, namesSize, exports, imports, statsTags })}\n`
      : [
          `${shown}  ${kilobytes(size)}${namesSize === 0 ? '' : ` (${kilobytes(size - namesSize)} without names of functions)`}, ${kilobytes(gzipSize)} compressed`,
          `exports  ${exports.join(' ')}`,
          `imports  ${imports.join(' ')}`,
          '',
        ].join('\n'),
  );
}

/** In units of 1000 bytes. */
function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} KB`;
}
