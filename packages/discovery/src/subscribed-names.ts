import type { NameList } from './name-list.ts';

/** More lists than this are taken apart: each look-up goes through them. */
const MAX_LISTS = 128;

/** The names that a client asked for: lists that it shares with other clients, and names of its own. */
export class SubscribedNames {
  readonly #single = new Set<string>();
  #lists: readonly NameList[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** What is shared with other clients. */
  get lists(): readonly NameList[] {
    return this.#lists;
  }

  /** What is in no list. */
  get single(): ReadonlySet<string> {
    return this.#single;
  }

  has(name: string): boolean {
    if (this.#single.has(name)) return true;
    for (const list of this.#lists) if (list.has(name)) return true;
    return false;
  }

  *[Symbol.iterator](): IterableIterator<string> {
    yield* this.#single;
    for (const list of this.#lists) yield* list.names;
  }

  add(name: string): void {
    if (this.has(name)) return;
    this.#single.add(name);
    this.#size += 1;
  }

  /** Adds a whole list. Returns false, without a change, if some of its names are there already, or there are too many lists. */
  addList(list: NameList): boolean {
    if (this.#lists.length >= MAX_LISTS || this.#lists.some((other) => other.overlaps(list))) return false;
    for (const name of this.#single) if (list.has(name)) return false;
    this.#lists = [...this.#lists, list];
    this.#size += list.size;
    return true;
  }

  /**
   * Deletes a name. If it stands in a list, that list is taken apart first: its other names are single ones from then on.
   *
   * @returns whether it was there, and the list that was taken apart
   */
  delete(name: string): { readonly found: boolean; readonly dissolved?: NameList } {
    const dissolved = this.#lists.find((list) => list.has(name));
    if (dissolved !== undefined) {
      this.#lists = this.#lists.filter((list) => list !== dissolved);
      for (const one of dissolved.names) this.#single.add(one);
    }
    const found = this.#single.delete(name);
    if (found) this.#size -= 1;
    return dissolved === undefined ? { found } : { found, dissolved };
  }
}
