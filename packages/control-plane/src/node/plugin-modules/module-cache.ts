import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** Copies that nobody has asked for in this time are removed: a proxy that runs has read its copy. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** `$XDG_CACHE_HOME/heddle/wasm`, by default `~/.cache/heddle/wasm`. */
export function moduleCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'heddle', 'wasm');
}

/** The SHA-256 of some bytes in hexadecimal digits. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

/**
 * Copies of modules, each under the hash of its content: what has changed is another file, which is how a proxy learns of it, and a file
 * that a proxy is told to read is never half of one.
 */
export class ModuleCache {
  readonly #folder: string;
  #prepared: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The absolute path of a copy. */
  async keep(bytes: Uint8Array<ArrayBuffer>, hash: string): Promise<string> {
    this.#prepared ??= this.#prepare();
    await this.#prepared;
    const path = join(this.#folder, `${hash}.wasm`);
    if (await holds(path, hash)) {
      const now = new Date();
      await utimes(path, now, now);
      return path;
    }
    const unfinished = `${path}.${randomUUID()}`;
    await writeFile(unfinished, bytes, { mode: 0o600 });
    await rename(unfinished, path);
    return path;
  }

  async #prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      // Somebody else may tidy up at the same time.
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined && Date.now() - found.mtimeMs > KEPT_MS) await rm(path, { force: true });
    }
  }
}

/** Whether a file is there with this content. */
async function holds(path: string, hash: string): Promise<boolean> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return bytes !== undefined && (await sha256(bytes)) === hash;
}
