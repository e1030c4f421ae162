import type { Diagnostic, SourcedObject } from '@heddle/model';
import type { ConfigSource, SourceState } from './config-source.ts';
import { readDocuments } from './documents.ts';
import { type FileState, stateAfterReading } from './file-state.ts';
import { Listeners } from './listeners.ts';

/** A source whose content is set by the program: texts as if they were files, and ready objects. */
export interface MemorySource extends ConfigSource {
  /** Sets the text of a file, with the same care for bad edits as files on disk get; undefined removes it. */
  setText(file: string, text: string | undefined): void;
  /** Replaces the objects given by value. */
  setObjects(objects: readonly SourcedObject[]): void;
}

export interface MemorySourceOptions {
  /** File names and their YAML (or, for names in `.json`, JSON) text. */
  readonly files?: Readonly<Record<string, string>>;
  readonly objects?: readonly SourcedObject[];
}

/**
 * A source in memory.
 *
 * @example
 *     const source = createMemorySource({ files: { 'app.yaml': yaml } });
 *     source.setText('app.yaml', changedYaml);
 */
export function createMemorySource(options: MemorySourceOptions = {}): MemorySource {
  const source = new InMemory(options.objects ?? []);
  for (const [file, text] of Object.entries(options.files ?? {})) source.setText(file, text);
  return source;
}

class InMemory implements MemorySource {
  readonly ready: Promise<void> = Promise.resolve();
  current: SourceState = { objects: [], diagnostics: [] };
  readonly #files = new Map<string, FileState>();
  #objects: readonly SourcedObject[];
  readonly #listeners = new Listeners();

  constructor(objects: readonly SourcedObject[]) {
    this.#objects = objects;
    this.#update();
  }

  setText(file: string, text: string | undefined): void {
    if (text === undefined) {
      if (!this.#files.delete(file)) return;
    } else {
      const previous = this.#files.get(file);
      const read = readDocuments(text, { file, ...(previous?.read === undefined ? {} : { previous: previous.read }) });
      this.#files.set(file, stateAfterReading(read, previous));
    }
    this.#update();
  }

  setObjects(objects: readonly SourcedObject[]): void {
    this.#objects = objects;
    this.#update();
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  #update(): void {
    const files = [...this.#files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => state);
    const diagnostics = files.flatMap((state) => state.diagnostics);
    this.current = {
      objects: [...this.#objects, ...files.flatMap((state) => state.objects)],
      // The same list as long as there are none: what shows diagnostics need not compare them.
      diagnostics: diagnostics.length === 0 ? NO_DIAGNOSTICS : diagnostics,
    };
    this.#listeners.call();
  }
}

const NO_DIAGNOSTICS: readonly Diagnostic[] = [];
