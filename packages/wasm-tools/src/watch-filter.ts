import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { BuildOptions, BuiltFilter } from './build-filter.ts';
import { createBuilder } from './filter-builder.ts';

/** What came of the sources as they are now. */
export type WatchEvent =
  | { readonly type: 'built'; readonly filter: BuiltFilter; readonly milliseconds: number }
  /** A `CompileError` or `BuildError`; the next change is tried again. */
  | { readonly type: 'failed'; readonly error: Error };

/** See {@link watchFilter}. */
export interface WatchOptions extends Omit<BuildOptions, 'transforms'> {
  /** Milliseconds without a change before it is built: editors write in several steps. Default 50. */
  readonly debounceMs?: number;
}

/** A filter that is built whenever its sources change. */
export interface FilterWatch {
  /** Resolves when the sources as they were at the start were built, or failed to. */
  readonly ready: Promise<void>;
  /** No event comes afterwards. */
  close(): Promise<void>;
}

/**
 * Builds a filter now and whenever one of its sources changes, those of packages that it imports included. The compiler runs in a thread of
 * its own, so this one never stands still.
 *
 * @param folderOrEntry as for `buildFilter`
 * @param onEvent is told of each build, one after the other; what changes during a build is built after it
 */
export function watchFilter(
  folderOrEntry: string,
  onEvent: (event: WatchEvent) => void,
  { debounceMs = 50, ...options }: WatchOptions = {},
): FilterWatch {
  const builder = createBuilder();
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let isBuilding = false;
  let isStale = false;

  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void build(), debounceMs);
  };

  const build = async (): Promise<void> => {
    if (isBuilding) {
      isStale = true;
      return;
    }
    isBuilding = true;
    do {
      isStale = false;
      const started = performance.now();
      const event = await builder.build(folderOrEntry, options).then(
        (filter): WatchEvent => ({ type: 'built', filter, milliseconds: performance.now() - started }),
        (error: Error): WatchEvent => ({ type: 'failed', error }),
      );
      if (isClosed) break;
      await follow(event.type === 'built' ? event.filter.files : []);
      if (!isStale && !isClosed) onEvent(event);
    } while (isStale && !isClosed);
    isBuilding = false;
  };

  /** Watches the folders of the filter, and those of other files that it was built from. */
  const follow = async (files: readonly string[]): Promise<void> => {
    const folders = new Set([...(await sourceFolders(resolve(folderOrEntry))), ...files.map((file) => dirname(file))]);
    // A failed build does not know its files: those of the last good one stay watched.
    for (const [folder, watcher] of watchers) {
      if (files.length === 0 || folders.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of folders) {
      if (watchers.has(folder) || isClosed) continue;
      const watcher = watch(folder, (_, name) => {
        if (name === null || SOURCE.test(name)) changed();
      });
      // A folder that goes away is looked for again at the next build.
      watcher.on('error', () => {
        watcher.close();
        watchers.delete(folder);
      });
      watchers.set(folder, watcher);
    }
  };

  const ready = follow([]).then(build);
  return {
    ready,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
      await builder.close();
      await ready.catch(() => {});
    },
  };
}

/** Sources, asc's configuration, and new folders, which have no ending. */
const SOURCE = /^[^.]+$|\.ts$|^asconfig\.json$/;

/** The folder (of an entry file: its folder) and all below it but what others put there. */
async function sourceFolders(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return undefined;
    // Nothing there yet: the build says so.
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (entries === undefined) return sourceFolders(dirname(path));
  const below = entries
    .filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !['node_modules', 'build'].includes(entry.name),
    )
    .map((entry) => sourceFolders(resolve(path, entry.name)));
  return [path, ...(await Promise.all(below)).flat()];
}
