import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** For how long files must stand still before they count as saved. */
const SETTLE_MS = 30;
/** How often is looked at what the system's watching misses, as on network file systems. */
const LOOK_MS = 2_000;

/** Follows files that may not be there: calls when one of them has come, gone or changed. Does not keep a process alive. */
export class FileWatch {
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #timer: NodeJS.Timeout;
  #files: readonly string[] = [];
  #seen = '';
  #settling: NodeJS.Timeout | undefined;
  #isLooking = false;
  #looksAgain = false;
  #closed = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#timer = setInterval(() => this.#lookSoon(), LOOK_MS);
    this.#timer.unref();
  }

  /** Files to follow from now on; `seen` is what {@link fingerprint} said of them before they were read. */
  follow(files: readonly string[], seen: string): void {
    if (this.#closed) return;
    this.#files = files;
    this.#seen = seen;
    const folders = new Set(files.map(dirname));
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#watchFolder(folder);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#settling);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        clearTimeout(this.#settling);
        this.#settling = setTimeout(() => this.#lookSoon(), SETTLE_MS);
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch {
      // A folder that is not there, or more watches than the system gives: looking every now and then finds what changes.
    }
  }

  #lookSoon(): void {
    // What changes while it looks may have been looked at already.
    if (this.#isLooking) {
      this.#looksAgain = true;
      return;
    }
    this.#isLooking = true;
    void this.#look().finally(() => {
      this.#isLooking = false;
      const again = this.#looksAgain;
      this.#looksAgain = false;
      if (again && !this.#closed) this.#lookSoon();
    });
  }

  async #look(): Promise<void> {
    const files = this.#files;
    const found = await fingerprint(files);
    if (this.#closed || files !== this.#files || found === this.#seen) return;
    this.#seen = found;
    this.#onChange();
  }
}

/** What tells whether files have changed: times and sizes. */
export async function fingerprint(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    files.map(async (file) => {
      const found = await stat(file).catch(() => undefined);
      return found === undefined ? '-' : `${found.mtimeMs} ${found.size} ${found.ino}`;
    }),
  );
  return parts.join('\n');
}
