import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { CommandError, EXIT, type ExitCode } from '../../exit-code.ts';

/** Where vitest looks for its settings. */
const CONFIGURATIONS = ['ts', 'mts', 'js', 'mjs'].flatMap((ending) => [
  `vitest.config.${ending}`,
  `vite.config.${ending}`,
]);

/** vitest's module for programs, as far as it is needed here. It is the filter's own, of whatever version. */
interface VitestNode {
  parseCLI(args: readonly string[]): { readonly filter: readonly string[]; readonly options: object };
  startVitest(
    mode: 'test',
    filters: readonly string[],
    options: object,
  ): Promise<{ close(): Promise<void> } | undefined>;
}

/** `heddle wasm test`: the tests in a filter's folder, by vitest. Further arguments go to vitest; fails if one of them does, or none is there. */
export async function wasmTest(folder: string, args: readonly string[]): Promise<ExitCode> {
  const own = path.resolve(folder);
  if (!existsSync(own)) throw new CommandError(`cannot test "${folder}": there is no such folder`);
  const { parseCLI, startVitest } = await importVitest(folder);
  const { filter, options } = parseCLI(['vitest', 'run', ...(args[0] === '--' ? args.slice(1) : args)]);
  const vitest = await startVitest('test', filter, {
    ...options,
    watch: false,
    // A filter in a workspace obeys the workspace's settings, but which tests are its own is said here.
    root: foldersAbove(own).find((one) => CONFIGURATIONS.some((name) => existsSync(path.join(one, name)))) ?? own,
    dir: own,
    include: ['**/*.{test,spec}.{ts,mts,js,mjs}'],
  });
  await vitest?.close();
  return vitest === undefined || (process.exitCode ?? 0) !== 0 ? EXIT.failed : EXIT.ok;
}

/** vitest as the folder sees it. */
async function importVitest(folder: string): Promise<VitestNode> {
  let file: string;
  try {
    file = createRequire(path.resolve(folder, 'package.json')).resolve('vitest/node');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new CommandError(
      `cannot test "${folder}": vitest is not installed there; install it with: npm install --save-dev vitest`,
      { cause: error },
    );
  }
  return import(pathToFileURL(file).href);
}

function foldersAbove(folder: string): readonly string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...foldersAbove(parent)];
}
