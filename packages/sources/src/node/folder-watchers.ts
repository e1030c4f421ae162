import { type FSWatcher, watch } from 'node:fs';

/** Beyond so many folders, changes are only found by looking from time to time. */
const MAX_WATCHED = 2000;

/**
 * Watches a changing set of folders, each by itself: recursive watching is missing or partial on some systems and does not follow
 * links. An event says only "look again"; what changed is found by comparing.
 */
export class FolderWatchers {
  readonly #watchers = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>();
  readonly #onEvent: () => void;

  constructor(onEvent: () => void) {
    this.#onEvent = onEvent;
  }

  /** Watches exactly these folders. True if one is watched that was not before: what happened in it meanwhile went unnoticed. */
  update(folders: ReadonlyMap<string, string>): boolean {
    for (const [path, { identity, watcher }] of this.#watchers) {
      if (folders.get(path) === identity) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    let added = false;
    for (const [path, identity] of folders) {
      if (this.#watchers.has(path) || this.#watchers.size >= MAX_WATCHED) continue;
      try {
        const watcher = watch(path, { persistent: false }, () => this.#onEvent());
        watcher.on('error', () => {
          watcher.close();
          if (this.#watchers.get(path)?.watcher === watcher) this.#watchers.delete(path);
          this.#onEvent();
        });
        this.#watchers.set(path, { identity, watcher });
        added = true;
      } catch {
        // Gone already, or the system's watches are used up: looking from time to time goes on.
      }
    }
    return added;
  }

  close(): void {
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}
