import type { HeaderPair } from './header-pairs.ts';

/** Headers or trailers that a module sees and may change. Names are lower case; names and values are Latin-1 text, one character a byte. */
export interface HeaderMap {
  /** Whether the module may only look. */
  readonly isReadOnly: boolean;
  pairs(): readonly HeaderPair[];
  /** All values of a name, joined by commas as Envoy does; undefined if there is none. */
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
  #pairs: HeaderPair[];

  constructor(pairs: Iterable<HeaderPair> = [], options: { readonly isReadOnly?: boolean } = {}) {
    this.isReadOnly = options.isReadOnly ?? false;
    this.#pairs = lowerCased(pairs);
  }

  pairs(): readonly HeaderPair[] {
    return this.#pairs;
  }

  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    let joined: string | undefined;
    for (const [candidate, value] of this.#pairs) {
      if (candidate === wanted) joined = joined === undefined ? value : `${joined},${value}`;
    }
    return joined;
  }

  add(name: string, value: string): void {
    this.#pairs.push([name.toLowerCase(), value]);
  }

  replace(name: string, value: string): void {
    const wanted = name.toLowerCase();
    const at = this.#pairs.findIndex(([candidate]) => candidate === wanted);
    if (at === -1) {
      this.#pairs.push([wanted, value]);
      return;
    }
    this.#pairs = this.#pairs.filter(([candidate], index) => index <= at || candidate !== wanted);
    this.#pairs[at] = [wanted, value];
  }

  remove(name: string): void {
    const wanted = name.toLowerCase();
    this.#pairs = this.#pairs.filter(([candidate]) => candidate !== wanted);
  }

  setAll(pairs: readonly HeaderPair[]): void {
    this.#pairs = lowerCased(pairs);
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

/** Pairs with names in lower case; one that is so already is taken as it is. */
function lowerCased(pairs: Iterable<HeaderPair>): HeaderPair[] {
  const list: HeaderPair[] = [];
  for (const pair of pairs) {
    const name = pair[0].toLowerCase();
    list.push(name === pair[0] ? pair : [name, pair[1]]);
  }
  return list;
}

/** Bytes of all names and values: what Envoy calls the size of a map. */
export function byteSize(map: HeaderMap): number {
  return map.pairs().reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}
