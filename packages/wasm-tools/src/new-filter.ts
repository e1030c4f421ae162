import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { filterFiles } from './filter-template.ts';

/** A folder for a new filter cannot be made. */
export class NewFilterError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NewFilterError';
  }
}

/** What {@link newFilter} has written. */
export interface NewFilter {
  readonly name: string;
  /** Absolute path of its folder. */
  readonly folder: string;
  /** Paths within the folder. */
  readonly files: readonly string[];
}

/**
 * Makes a folder with a filter that works: source, configuration schema, `envoy.yaml`, README and a test that runs the built module.
 *
 * @param path the folder, which must not exist or be empty; its last part is the filter's name
 * @param version of Heddle's packages that the filter is to use
 * @throws NewFilterError
 */
export async function newFilter(path: string, version: string): Promise<NewFilter> {
  const folder = resolve(path);
  const name = basename(folder);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new NewFilterError(
      `Cannot make filter "${name}": wanted a name of small letters, digits and single dashes, such as "api-key"`,
    );
  }
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') throw new NewFilterError(`Cannot make filter "${name}": "${path}" is a file`);
    throw error;
  });
  if (found.length > 0) {
    throw new NewFilterError(
      `Cannot make filter "${name}": the folder "${path}" has files already, such as "${found[0]}"`,
    );
  }
  const files = filterFiles(name, version);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  return { name, folder, files: Object.keys(files) };
}
