import { WILDCARD } from './wildcard.ts';

/** Names that clients subscribe to together, kept once for all streams that do. Immutable; two lists are equal only if they are the same. */
export class NameList {
  readonly names: readonly string[];
  readonly #set: ReadonlySet<string>;
  readonly #overlaps = new WeakMap<NameList, boolean>();

  constructor(names: readonly string[], set: ReadonlySet<string> = new Set(names)) {
    this.names = names;
    this.#set = set;
  }

  get size(): number {
    return this.names.length;
  }

  has(name: string): boolean {
    return this.#set.has(name);
  }

  /** Whether a name stands in both. Found out once for two lists. */
  overlaps(other: NameList): boolean {
    if (other === this) return true;
    let overlaps = this.#overlaps.get(other);
    if (overlaps === undefined) {
      overlaps = this.names.some((name) => other.has(name));
      this.#overlaps.set(other, overlaps);
      other.#overlaps.set(this, overlaps);
    }
    return overlaps;
  }
}

/** Lists that look alike at both ends. */
const MAX_ALIKE = 4;

/**
 * Finds the list for the names of a request, so that hundreds of clients that subscribe to the same thousand endpoints cost one list.
 * Remembers the lists used last, up to a bound in names.
 */
export class NameLists {
  readonly #minNames: number;
  readonly #maxNames: number;
  /** Those that have length, first and last name in common; oldest use first. */
  readonly #known = new Map<string, NameList[]>();
  #nameCount = 0;
  /** Transports may give the same array for the same names. */
  readonly #ofArray = new WeakMap<readonly string[], NameList>();

  /**
   * @param minNames shorter lists are not worth it
   * @param maxNames bound on the names of all lists that are remembered
   */
  constructor(minNames: number, maxNames = 200_000) {
    this.#minNames = Math.max(1, minNames);
    this.#maxNames = maxNames;
  }

  /** Undefined for names that are few, too many to be remembered, not all different, or hold the wildcard. */
  find(names: readonly string[]): NameList | undefined {
    if (names.length < this.#minNames || names.length > this.#maxNames) return undefined;
    const known = this.#ofArray.get(names);
    if (known !== undefined) return known;
    const key = `${names.length} ${names[0]} ${names.at(-1)}`;
    const alike = this.#known.get(key) ?? [];
    let list = alike.find((candidate) => candidate.names.every((name, index) => name === names[index]));
    this.#known.delete(key);
    this.#known.set(key, alike);
    if (list !== undefined) {
      this.#ofArray.set(names, list);
      return list;
    }
    const set = new Set(names);
    if (set.size < names.length || set.has(WILDCARD)) return undefined;
    list = new NameList(names, set);
    this.#remember(alike, list);
    this.#ofArray.set(names, list);
    return list;
  }

  #remember(alike: NameList[], list: NameList): void {
    alike.push(list);
    this.#nameCount += list.size;
    if (alike.length > MAX_ALIKE) this.#nameCount -= alike.shift()?.size ?? 0;
    for (const [key, lists] of this.#known) {
      if (this.#nameCount <= this.#maxNames) break;
      this.#known.delete(key);
      for (const { size } of lists) this.#nameCount -= size;
    }
  }
}
