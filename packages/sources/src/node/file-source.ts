import { readFile } from 'node:fs/promises';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type Diagnostic, diagnostic } from '@heddle/model';
import type { ConfigSource, SourceState } from '../config-source.ts';
import { type FileContent, readDocumentsInSlices } from '../documents.ts';
import { type FileState, stateAfterFailure, stateAfterReading } from '../file-state.ts';
import { Listeners } from '../listeners.ts';
import { DEFAULT_READ_LIMITS, type ReadLimits } from '../read-limits.ts';
import { type FoundFile, failureMessage, fileSignature, sameDataLinks, scanTree, type TreeScan } from './file-tree.ts';
import { FolderWatchers } from './folder-watchers.ts';
import { DEFAULT_SETTLE_TIMES, PendingChanges, type SettleTimes } from './pending-changes.ts';

export interface FileSourceOptions {
  /** Files, and folders with everything below them (`.yaml`, `.yml`, `.json`; hidden entries and `node_modules` left out). */
  readonly paths: readonly string[];
  /** Follow changes until {@link ConfigSource.close}. Default true; false reads once. */
  readonly watch?: boolean;
  /** What the files hold; Kubernetes objects unless told otherwise. */
  readonly content?: FileContent;
  readonly limits?: Partial<ReadLimits>;
  /** How long changes must stand still before they are believed. */
  readonly settle?: Partial<SettleTimes>;
  /** How often to look without being told of a change: watching misses some (network file systems, many links). Default 2000. */
  readonly pollMs?: number;
}

/** A {@link ConfigSource} of files. */
export interface FileSource extends ConfigSource {
  /** The text of a file as it was read last, under the name that diagnostics give it. */
  textOf(file: string): string | undefined;
}

/**
 * Reads manifests from files and folders, and follows their changes. The order of objects is that of the given paths, below them by name.
 *
 * - A broken object keeps its last good version, a broken file its last good state; the diagnostics tell.
 * - A file deleted from a folder takes its objects along. A given path that vanishes as a whole (a folder, an unmounted disk, a file
 *   named by itself) keeps its last good state and is reported.
 * - Files are read when they stand still, so that half of a file is not taken for all of it; changes at one time become one change; a
 *   swap of `..data` (a mounted ConfigMap) is one change.
 */
export function createFileSource(options: FileSourceOptions): FileSource {
  return new Files(options);
}

interface KnownFile {
  readonly signature: string;
  readonly state: FileState;
  readonly text?: string;
}

/** Editors that save in bursts must not starve a first answer: so often is a torn reading tried again. */
const MAX_ATTEMPTS = 50;

class Files implements FileSource {
  current: SourceState = { objects: [], diagnostics: [] };
  readonly ready: Promise<void>;
  readonly #paths: readonly string[];
  readonly #limits: ReadLimits;
  readonly #content: FileContent;
  readonly #listeners = new Listeners();
  readonly #pending: PendingChanges;
  readonly #watchers: FolderWatchers | undefined;
  readonly #poll: NodeJS.Timeout | undefined;
  #files: ReadonlyMap<string, KnownFile> = new Map();
  #failures: readonly Diagnostic[] = [];
  #failureKey = '';
  #working: Promise<void> = Promise.resolve();
  #queued = false;
  #closed = false;

  constructor(options: FileSourceOptions) {
    this.#paths = options.paths;
    this.#content = options.content ?? 'objects';
    this.#limits = { ...DEFAULT_READ_LIMITS, ...options.limits };
    this.#pending = new PendingChanges({ ...DEFAULT_SETTLE_TIMES, ...options.settle });
    if (options.watch !== false) {
      this.#watchers = new FolderWatchers(() => this.#look());
      this.#poll = setInterval(() => this.#look(), options.pollMs ?? 2000);
      this.#poll.unref();
    }
    this.ready = this.#readFirst();
    this.#working = this.ready;
  }

  textOf(file: string): string | undefined {
    return this.#files.get(file)?.text;
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    this.#watchers?.close();
    this.#listeners.clear();
    await this.#working;
  }

  /** Looks for changes, after the look that is under way: whatever happens before it begins is seen by it. */
  #look(): void {
    if (this.#queued || this.#closed) return;
    this.#queued = true;
    this.#working = this.#working.then(() => this.#follow());
  }

  async #readFirst(): Promise<void> {
    for (let attempt = 1; !this.#closed; attempt++) {
      const scan = await scanTree(this.#paths);
      // Watched before anything is read: what changes from here on is seen afterwards.
      if (this.#watchers?.update(scan.folders) === true) this.#look();
      const files = new Map<string, KnownFile>();
      for (const found of scan.files.values()) {
        const known = await this.#read(found, undefined);
        if (known !== undefined) files.set(found.name, known);
      }
      // What changes while it is read (a file being written, a volume being swapped) is read again.
      const whole = files.size === scan.files.size && (await sameDataLinks(scan));
      if (!whole && attempt < MAX_ATTEMPTS) continue;
      this.#take(files, scan);
      return;
    }
  }

  async #follow(): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS && !this.#closed; attempt++) {
      this.#queued = false;
      const scan = await scanTree(this.#paths);
      if (this.#watchers?.update(scan.folders) === true) this.#look();
      this.#pending.see(this.#changes(scan), performance.now());
      const { names, waitMs } = this.#pending.due(performance.now());
      if (waitMs > 0) {
        await delay(waitMs);
        continue;
      }
      if (await this.#takeOver(names, scan)) {
        // Files that never stand still are looked at again by their next event.
        if (this.#pending.size > 0) await delay(50);
        else return;
      }
    }
    if (!this.#closed && this.#pending.size > 0) this.#look();
  }

  /** Files that differ from what is known of them, those gone included; places that cannot be looked into have not changed. */
  #changes(scan: TreeScan): ReadonlyMap<string, FoundFile | undefined> {
    const changes = new Map<string, FoundFile | undefined>();
    for (const found of scan.files.values()) {
      if (this.#files.get(found.name)?.signature !== found.signature) changes.set(found.name, found);
    }
    const unknown = (name: string): boolean =>
      scan.failures.some((failure) => name === failure.name || (failure.folder && isBelow(name, failure.name)));
    for (const name of this.#files.keys()) {
      if (!scan.files.has(name) && !unknown(name)) changes.set(name, undefined);
    }
    return changes;
  }

  /** Reads the changed files and makes their new state the current one, all at once; false if they moved meanwhile. */
  async #takeOver(names: readonly string[], scan: TreeScan): Promise<boolean> {
    const files = new Map(this.#files);
    const done: string[] = [];
    for (const name of names) {
      const found = scan.files.get(name);
      if (found === undefined) {
        files.delete(name);
        done.push(name);
        continue;
      }
      const known = await this.#read(found, this.#files.get(name));
      if (known === undefined) {
        this.#pending.restart(name, performance.now());
        continue;
      }
      files.set(name, known);
      done.push(name);
    }
    if (!(await sameDataLinks(scan))) return false;
    // One torn file holds the others back: they may belong together.
    if (done.length < names.length) return false;
    for (const name of done) this.#pending.done(name);
    if (!this.#closed) this.#take(files, scan);
    return true;
  }

  /** The state of one file; undefined if it changed under the reader. */
  async #read(found: FoundFile, before: KnownFile | undefined): Promise<KnownFile | undefined> {
    const { name, signature, bytes } = found;
    // Between files as within them the event loop takes its turns: the same thread may serve requests.
    await nextTurn();
    const failed = (code: 'HED001' | 'HED003', message: string, fix?: string): KnownFile => {
      // Another attempt may help where the system was the cause: the file is read again at the next look.
      const kept = `${code === 'HED001' ? 'unread:' : ''}${signature}`;
      const same = before?.state.diagnostics.length === 1 && before.state.diagnostics[0]?.message === message;
      if (same) return { ...before, signature: kept };
      const failure = { code, file: name, message, ...(fix === undefined ? {} : { fix }) };
      return { signature: kept, state: stateAfterFailure(failure, before?.state) };
    };
    if (bytes > this.#limits.maxFileBytes) {
      return failed('HED003', `found ${bytes} bytes, wanted at most ${this.#limits.maxFileBytes}`, 'split the file');
    }
    let data: Uint8Array;
    try {
      data = await readFile(name);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? undefined
        : failed('HED001', failureMessage(error, 'a file that can be read'));
    }
    if ((await fileSignature(name)) !== signature) return undefined;
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
    } catch {
      return failed('HED001', 'found bytes that are no UTF-8, wanted text in UTF-8');
    }
    if (before?.text === text) return { ...before, signature };
    const previous = before?.state.read;
    const read = await readDocumentsInSlices(text, {
      file: name,
      limits: this.#limits,
      content: this.#content,
      pause: () => nextTurn(),
      ...(previous === undefined ? {} : { previous }),
    });
    return { signature, text, state: stateAfterReading(read, before?.state) };
  }

  #take(files: ReadonlyMap<string, KnownFile>, scan: TreeScan): void {
    const ordered = inOrder(files, scan);
    const failureKey = JSON.stringify(scan.failures);
    const same = failureKey === this.#failureKey && sameStates(ordered, this.#files);
    this.#files = ordered;
    if (same) return;
    this.#failureKey = failureKey;
    this.#failures = scan.failures.map((failure) => {
      const kept = [...ordered.keys()].some((name) => name === failure.name || isBelow(name, failure.name));
      const start = { line: 1, column: 1 };
      return diagnostic('HED001', {
        range: { file: failure.name, start, end: start },
        message: failure.message,
        effect: kept ? 'its last good state stays in use' : 'nothing of it is used',
      });
    });
    const states = [...ordered.values()].map((known) => known.state);
    const diagnostics = [...this.#failures, ...states.flatMap((state) => state.diagnostics)];
    this.current = {
      objects: states.flatMap((state) => state.objects),
      // The same list as long as there are none: what shows diagnostics need not compare them.
      diagnostics: diagnostics.length + this.current.diagnostics.length === 0 ? this.current.diagnostics : diagnostics,
    };
    this.#listeners.call();
  }
}

/** Known files in the order in which a first reading would find them; those that cannot be seen now keep their place by name. */
function inOrder(files: ReadonlyMap<string, KnownFile>, scan: TreeScan): ReadonlyMap<string, KnownFile> {
  const ordered = new Map<string, KnownFile>();
  for (const name of scan.files.keys()) {
    const known = files.get(name);
    if (known !== undefined) ordered.set(name, known);
  }
  for (const [name, known] of files) if (!ordered.has(name)) ordered.set(name, known);
  return ordered;
}

function sameStates(a: ReadonlyMap<string, KnownFile>, b: ReadonlyMap<string, KnownFile>): boolean {
  if (a.size !== b.size) return false;
  const others = [...b];
  return [...a].every(
    ([name, known], index) => others[index]?.[0] === name && others[index]?.[1].state === known.state,
  );
}

function isBelow(name: string, folder: string): boolean {
  return (
    name.startsWith(folder.endsWith('/') || folder.endsWith('\\') ? folder : `${folder}/`) ||
    name.startsWith(`${folder}\\`)
  );
}
