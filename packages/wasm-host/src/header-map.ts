import type { HeaderPair } from './header-pairs.ts';

/** Headers or trailers that a module sees and may change. Names are lower case; names and values are Latin-1 text, one character a byte. */
export interface HeaderMap {
  /** Whether the module may only look. */
  readonly isReadOnly: boolean;
  pairs(): readonly HeaderPair[];
  /** The value of a name, of several the first, which is all that Envoy shows a module that asks by name; undefined if there is none. */
  get(name: string): string | undefined;
  add(name: string, value: string): void;
  /** Sets one value in place of all that a name has. */
  replace(name: string, value: string): void;
  remove(name: string): void;
  setAll(pairs: readonly HeaderPair[]): void;
}

/** A header map over a list. */
export class HeaderList implements HeaderMap {
  readonly isReadOnly: boolean;
  /** Names that stand once. */
  readonly #inline: ReadonlySet<string> | undefined;
  #pairs: HeaderPair[];

  /** @param options.inline names of which the values are joined by commas as they are added, besides the pseudo-headers */
  constructor(
    pairs: Iterable<HeaderPair> = [],
    options: { readonly isReadOnly?: boolean; readonly inline?: ReadonlySet<string> } = {},
  ) {
    this.isReadOnly = options.isReadOnly ?? false;
    this.#inline = options.inline;
    this.#pairs = this.#listOf(pairs);
  }

  pairs(): readonly HeaderPair[] {
    return this.#pairs;
  }

  get(name: string): string | undefined {
    const wanted = this.#key(name);
    for (const pair of this.#pairs) {
      if (pair[0] === wanted) return pair[1];
    }
    return undefined;
  }

  add(name: string, value: string): void {
    this.#add(this.#key(name), value);
  }

  #add(key: string, value: string): void {
    if (this.#inline?.has(key) === true) {
      this.#pairs = joined(this.#pairs, key, value);
      return;
    }
    if (!key.startsWith(':')) {
      this.#pairs.push([key, value]);
      return;
    }
    // Pseudo-headers stand before all others, each once: what is added to one goes behind a comma.
    const at = this.#pairs.findIndex(([candidate]) => candidate === key);
    const before = this.#pairs[at]?.[1];
    if (before !== undefined) this.#pairs[at] = [key, `${before},${value}`];
    else this.#pairs.splice(this.#pairs.findLastIndex(([candidate]) => candidate.startsWith(':')) + 1, 0, [key, value]);
  }

  replace(name: string, value: string): void {
    const key = this.#key(name);
    this.#remove(key);
    this.#add(key, value);
  }

  remove(name: string): void {
    this.#remove(this.#key(name));
  }

  #remove(key: string): void {
    const others: HeaderPair[] = [];
    for (const pair of this.#pairs) {
      if (pair[0] !== key) others.push(pair);
    }
    this.#pairs = others;
  }

  setAll(pairs: readonly HeaderPair[]): void {
    this.#pairs = this.#listOf(pairs);
  }

  #listOf(pairs: Iterable<HeaderPair>): HeaderPair[] {
    const list = lowerCased(pairs);
    const inline = this.#inline;
    if (inline === undefined) return list;
    let found: HeaderPair[] = [];
    for (const pair of list) {
      if (inline.has(pair[0])) found = joined(found, pair[0], pair[1]);
      else found.push(pair);
    }
    return found;
  }

  /** The name as it stands in the list: in lower case, and a request's `host` is `:authority`, as Envoy has it. */
  #key(name: string): string {
    const key = name.toLowerCase();
    return key === 'host' && this.#pairs.some(([candidate]) => candidate === ':authority') ? ':authority' : key;
  }
}

/** Shows headers that the module may only look at, as they are now. */
export class ReadOnlyHeaders implements HeaderMap {
  readonly isReadOnly = true;
  readonly #map: HeaderMap;

  constructor(map: HeaderMap) {
    this.#map = map;
  }

  pairs(): readonly HeaderPair[] {
    return this.#map.pairs();
  }

  get(name: string): string | undefined {
    return this.#map.get(name);
  }

  // Who asks has looked at `isReadOnly`.
  add(): void {}
  replace(): void {}
  remove(): void {}
  setAll(): void {}
}

/** A list with a value more: behind the one that its name has, else at the end. */
function joined(pairs: HeaderPair[], key: string, value: string): HeaderPair[] {
  const at = pairs.findIndex(([candidate]) => candidate === key);
  const before = pairs[at]?.[1];
  if (before === undefined) pairs.push([key, value]);
  else pairs[at] = [key, before === '' ? value : `${before},${value}`];
  return pairs;
}

/** Pairs with names in lower case; one that is so already is taken as it is. */
function lowerCased(pairs: Iterable<HeaderPair>): HeaderPair[] {
  const list: HeaderPair[] = [];
  for (const pair of pairs) {
    const name = pair[0].toLowerCase();
    list.push(name === pair[0] ? pair : [name, pair[1]]);
  }
  return list;
}

/** All values of a name, joined by commas, as Envoy's attributes have them; undefined if there is none. */
export function joinedValue(map: HeaderMap, name: string): string | undefined {
  let joined: string | undefined;
  for (const [candidate, value] of map.pairs()) {
    if (candidate === name) joined = joined === undefined ? value : `${joined},${value}`;
  }
  return joined;
}

/** Bytes of all names and values: what Envoy calls the size of a map. */
export function byteSize(map: HeaderMap): number {
  return map.pairs().reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}
