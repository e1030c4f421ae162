import path from 'node:path';
import process from 'node:process';
import { NewFilterError, newFilter } from '@heddle/wasm-tools';
import { CommandError, EXIT, type ExitCode } from '../../exit-code.ts';
import { heddleVersion } from '../version.ts';

/** `heddle wasm new`: a folder with a filter that works, and its tests. */
export async function wasmNew(folder: string): Promise<ExitCode> {
  const made = await newFilter(folder, await heddleVersion()).catch((error: unknown) => {
    if (error instanceof NewFilterError) throw new CommandError(error.message, { exitCode: EXIT.usage, cause: error });
    throw error;
  });
  const shown = path.relative(process.cwd(), made.folder) || '.';
  process.stdout.write(made.files.map((file) => `${path.join(shown, file)}\n`).join(''));
  process.stderr.write(`heddle: filter "${made.name}" is there; next: cd ${shown} && heddle wasm test\n`);
  return EXIT.ok;
}
