import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModule } from '@heddle/wasm-host';
import { FileWatch, fingerprint } from './file-watch.ts';
import { type ModuleCache, sha256 } from './module-cache.ts';
import { readSchemaFile, type SchemaFile, schemaPlaces } from './schema-file.ts';

/** Builds a filter from its folder or entry file; rejects with an error whose message is for people. */
export type BuildModule = (path: string) => Promise<{
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** What it was built from. */
  readonly files: readonly string[];
}>;

/** What a path came to, when it was last looked at. */
export type ModuleContent =
  | { readonly filename: string; readonly hash: string; readonly schema?: SchemaOfModule }
  /** A sentence saying what is wrong. */
  | { readonly problem: string };

/** The schema of the plugin's configuration, or why there is one that cannot be read. */
export type SchemaOfModule = SchemaFile | { readonly problem: string };

/** Larger files are no filters. */
const MAX_BYTES = 64 * 1024 * 1024;
/** As many source files of a folder are followed. */
const MAX_SOURCES = 1_000;

/** One path that plugins name: a module, or the sources of one, followed as people change them. */
export class ModuleFile {
  readonly #path: string;
  readonly #cache: ModuleCache;
  readonly #build: BuildModule | undefined;
  readonly #watch: FileWatch | undefined;
  readonly #onChange: () => void;
  #content: ModuleContent | undefined;
  /** Sources outside of the folder, by the last build that came to something: one that fails does not tell. */
  #others: readonly string[] = [];
  #reading: Promise<void>;
  #closed = false;

  constructor(options: {
    readonly path: string;
    readonly cache: ModuleCache;
    readonly build: BuildModule | undefined;
    readonly watch: boolean;
    /** The content is another. */
    readonly onChange: () => void;
  }) {
    this.#path = options.path;
    this.#cache = options.cache;
    this.#build = options.build;
    this.#onChange = options.onChange;
    this.#watch = options.watch ? new FileWatch(() => this.#readAgain()) : undefined;
    this.#reading = this.#read();
  }

  /** What it is now; while it is being read again, what it was before. */
  async content(): Promise<ModuleContent> {
    if (this.#content === undefined) await this.#reading;
    return this.#content ?? { problem: 'nothing was read' };
  }

  close(): void {
    this.#closed = true;
    this.#watch?.close();
  }

  /** One after another: whatever changes while it is read is read once more. */
  #readAgain(): void {
    this.#reading = this.#reading.then(async () => {
      const before = this.#content;
      await this.#read();
      if (!this.#closed && JSON.stringify(before) !== JSON.stringify(this.#content)) this.#onChange();
    });
  }

  async #read(): Promise<void> {
    if (this.#closed) return;
    // Looked at before they are read: what changes meanwhile is a change.
    const own = await this.#knownFiles();
    const known = [...own, ...this.#others.filter((file) => !own.includes(file))];
    const seen = await fingerprint(known);
    try {
      const { bytes, files } = await this.#bytes();
      await loadModule(bytes);
      const hash = await sha256(bytes);
      const schema = await this.#schema();
      const filename = await this.#cache.keep(bytes, hash);
      this.#content = { filename, hash, ...(schema === undefined ? {} : { schema }) };
      this.#others = files.filter((file) => !own.includes(file) && !file.includes('/node_modules/'));
      const added = this.#others.filter((file) => !known.includes(file));
      if (added.length > 0) {
        this.#watch?.follow([...known, ...added], `${seen}\n${await fingerprint(added)}`);
        return;
      }
    } catch (error) {
      this.#content = { problem: sentenceOf(error, this.#path) };
    }
    this.#watch?.follow(known, seen);
  }

  async #bytes(): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly files: readonly string[] }> {
    const found = await stat(this.#path);
    if (found.isDirectory() || this.#path.endsWith('.ts')) {
      if (this.#build === undefined)
        throw new Error(`"${this.#path}" holds sources, and nothing builds them here; wanted a built module`);
      const { wasm, files } = await this.#build(this.#path);
      return { bytes: wasm, files };
    }
    if (!found.isFile()) throw new Error(`"${this.#path}" is neither a file nor a folder`);
    if (found.size > MAX_BYTES) {
      throw new Error(`"${this.#path}" has ${found.size} bytes, at most ${MAX_BYTES} are allowed`);
    }
    return { bytes: new Uint8Array(await readFile(this.#path)), files: [] };
  }

  async #schema(): Promise<SchemaOfModule | undefined> {
    try {
      return await readSchemaFile(await this.#schemaPlaces(), this.#path);
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }

  async #schemaPlaces(): Promise<readonly string[]> {
    return schemaPlaces(this.#path, await isFolder(this.#path));
  }

  /** The path itself, the sources in it, and where the schema may be. */
  async #knownFiles(): Promise<readonly string[]> {
    const sources = (await isFolder(this.#path)) ? await sourcesIn(this.#path) : [];
    return [this.#path, ...sources, ...(await this.#schemaPlaces())];
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** The source files of a filter's folder, and the folders that they stand in: what comes and goes changes those. */
async function sourcesIn(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined && found.length < MAX_SOURCES; next = folders.pop()) {
    for (const entry of await readdir(next, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules' || entry.name.endsWith('.test.ts')) continue;
      const path = join(next, entry.name);
      if (entry.isDirectory()) {
        folders.push(path);
        found.push(path);
      } else if (entry.name.endsWith('.ts') || entry.name === 'package.json') found.push(path);
    }
  }
  return found.sort();
}

function sentenceOf(error: unknown, path: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `there is no file "${path}"`;
  return message;
}
