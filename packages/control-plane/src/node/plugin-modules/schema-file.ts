import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Larger schemas are not read. */
const MAX_BYTES = 256 * 1024;

/** A filter's schema as it was found. */
export interface SchemaFile {
  readonly file: string;
  readonly text: string;
}

/**
 * Where the schema of a filter's configuration may stand: `schema.json` in the filter's folder, of a module in its `build` too; beside
 * a module `NAME.schema.json`.
 */
export function schemaPlaces(path: string, isFolder: boolean): readonly string[] {
  if (isFolder) return [join(path, 'schema.json')];
  const folder = dirname(path);
  // FOLDER/assembly/index.ts
  if (path.endsWith('.ts')) return [join(dirname(folder), 'schema.json')];
  const named = join(folder, `${basename(path, '.wasm')}.schema.json`);
  return [named, join(basename(folder) === 'build' ? dirname(folder) : folder, 'schema.json')];
}

/**
 * The first of these files that is there. A `schema.json` beside several modules is of nobody knows which, and is left alone.
 *
 * @throws Error if one is there that cannot be read
 */
export async function readSchemaFile(places: readonly string[], modulePath: string): Promise<SchemaFile | undefined> {
  for (const file of places) {
    const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (found === undefined || !found.isFile()) continue;
    if (dirname(file) === dirname(modulePath) && basename(file) === 'schema.json' && (await hasOthers(modulePath)))
      continue;
    if (found.size > MAX_BYTES) {
      throw new Error(`"${file}" has ${found.size} bytes, at most ${MAX_BYTES} are allowed`);
    }
    return { file, text: await readFile(file, 'utf8') };
  }
  return undefined;
}

async function hasOthers(modulePath: string): Promise<boolean> {
  const names = await readdir(dirname(modulePath));
  return names.some((name) => name.endsWith('.wasm') && name !== basename(modulePath));
}
