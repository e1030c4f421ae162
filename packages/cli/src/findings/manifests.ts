import { stat } from 'node:fs/promises';
import process from 'node:process';
import type { MeshSnapshot } from '@heddle/model';
import { createMemorySource, mergeSources, snapshotOf } from '@heddle/sources';
import { createFileSource } from '@heddle/sources/node';
import { CommandError } from '../exit-code.ts';
import { withPluginModules } from '../filters/with-plugin-modules.ts';

/** Manifests that were read once. */
export interface Manifests {
  readonly snapshot: MeshSnapshot;
  /** The text of a file as it was read, under the name that diagnostics give it. */
  textOf(file: string): string | undefined;
}

/** How standard input is called in diagnostics. */
const STDIN_NAME = '<stdin>';

/**
 * Reads files, folders and, for `-`, standard input.
 *
 * @throws CommandError if a path does not exist, or if there is nothing to be read at all
 */
export async function readManifests(paths: readonly string[]): Promise<Manifests> {
  const files = paths.filter((path) => path !== '-');
  for (const path of files) await mustExist(path);
  const source = createFileSource({ paths: files, watch: false });
  const input = files.length === paths.length ? undefined : await readInput();
  const merged = mergeSources([source]);
  await merged.ready;
  await source.close();
  const snapshot =
    input === undefined
      ? merged.current
      : snapshotOf([source.current, createMemorySource({ files: { [STDIN_NAME]: input } }).current]);
  if (isEmpty(snapshot)) {
    throw new CommandError(
      `found no objects in ${paths.map((path) => `"${path}"`).join(', ')}, wanted manifests (.yaml, .yml or .json)`,
    );
  }
  const complete = await withPluginModules(snapshot);
  return { snapshot: complete, textOf: (file) => (file === STDIN_NAME ? input : source.textOf(file)) };
}

/**
 * Finds out whether a path that a command line names is there.
 *
 * @throws CommandError if it is not
 */
export async function mustExist(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' || code === 'ENOTDIR' ? 'it does not exist' : message;
    throw new CommandError(`cannot read "${path}": ${why}`, { cause: error });
  }
}

/** Nothing was read, and nothing says why. */
function isEmpty(snapshot: MeshSnapshot): boolean {
  return [...snapshot.counts().values()].every((count) => count === 0) && snapshot.diagnostics.length === 0;
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
