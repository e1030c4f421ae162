import { compareText } from '@heddle/model';

/**
 * An immutable map that shares with the one it was made from: entries that differ stand in a small map of their own, so that one changed
 * entry of ten thousand copies a few. Iterates in the order of its keys, whatever its history.
 */
export class PatchedMap<Value> implements ReadonlyMap<string, Value> {
  readonly size: number;
  readonly #base: ReadonlyMap<string, Value>;
  /** What stands above the base; undefined for what is gone. */
  readonly #patch: ReadonlyMap<string, Value | undefined>;
  #ordered: readonly (readonly [string, Value])[] | undefined;

  private constructor(base: ReadonlyMap<string, Value>, patch: ReadonlyMap<string, Value | undefined>, size: number) {
    this.#base = base;
    this.#patch = patch;
    this.size = size;
  }

  /** The map must not be altered afterwards. */
  static of<Value>(entries: ReadonlyMap<string, Value>): PatchedMap<Value> {
    return new PatchedMap(entries, new Map(), entries.size);
  }

  get(key: string): Value | undefined {
    if (this.#patch.size === 0) return this.#base.get(key);
    const found = this.#patch.get(key);
    return found !== undefined || this.#patch.has(key) ? found : this.#base.get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** The map with some entries set, or (with undefined) removed. */
  with(changes: ReadonlyMap<string, Value | undefined>): PatchedMap<Value> {
    if (changes.size === 0) return this;
    let { size } = this;
    for (const [key, value] of changes) size += Number(value !== undefined) - Number(this.has(key));
    // Once in a while the patch is worked in: its length is what each later change copies.
    if (this.#patch.size + changes.size <= Math.max(MIN_PATCH, this.#base.size / 8)) {
      const patch = new Map(this.#patch);
      for (const [key, value] of changes) patch.set(key, value);
      return new PatchedMap(this.#base, patch, size);
    }
    const base = new Map(this.#base);
    for (const part of [this.#patch, changes]) {
      for (const [key, value] of part) {
        if (value === undefined) base.delete(key);
        else base.set(key, value);
      }
    }
    return new PatchedMap(base, new Map(), size);
  }

  *entries(): MapIterator<[string, Value]> {
    for (const [key, value] of this.#inOrder()) yield [key, value];
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.#inOrder()) yield key;
  }

  *values(): MapIterator<Value> {
    for (const [, value] of this.#inOrder()) yield value;
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }

  forEach(callback: (value: Value, key: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [key, value] of this.#inOrder()) callback(value, key, this);
  }

  #inOrder(): readonly (readonly [string, Value])[] {
    if (this.#ordered === undefined) {
      const keys = new Set([...this.#base.keys(), ...this.#patch.keys()]);
      const entries: (readonly [string, Value])[] = [];
      for (const key of keys) {
        const value = this.get(key);
        if (value !== undefined) entries.push([key, value]);
      }
      this.#ordered = entries.sort(([a], [b]) => compareText(a, b));
    }
    return this.#ordered;
  }
}

/** So many entries are copied with each change at most; more where the base is long. */
const MIN_PATCH = 128;
