import type { ResourcesByName, XdsResource } from '@heddle/model';
import type { Chunk } from './chunk.ts';
import type { NameList } from './name-list.ts';
import type { SubscribedNames } from './subscribed-names.ts';

/** How one state of a view's type differs from an earlier one, for all streams that have the earlier one. */
export class ViewUpdate {
  /** The new versions of what both have, as responses. */
  readonly chunks: readonly Chunk[];
  readonly #updated: readonly XdsResource[];
  /** What only one of them has. */
  readonly #others: readonly string[];
  readonly #inLists = new WeakMap<NameList, number>();

  constructor(
    before: ResourcesByName,
    after: ResourcesByName,
    cut: (resources: readonly XdsResource[]) => readonly Chunk[],
  ) {
    const updated: XdsResource[] = [];
    const others: string[] = [];
    for (const [name, resource] of after) {
      const old = before.get(name);
      if (old === undefined) others.push(name);
      else if (old !== resource && old.version !== resource.version) updated.push(resource);
    }
    for (const name of before.keys()) if (!after.has(name)) others.push(name);
    this.#updated = updated;
    this.#others = others;
    this.chunks = cut(updated);
  }

  /** Whether a client that wants these names is to have all of the new versions, and nothing comes or goes for it. */
  suits(wildcard: boolean, names: SubscribedNames): boolean {
    if (wildcard) return this.#others.length === 0;
    let count = 0;
    for (const list of names.lists) {
      const inList = this.#countIn(list);
      if (inList < 0) return false;
      count += inList;
    }
    if (names.single.size > 0) {
      if (this.#others.some((name) => names.single.has(name))) return false;
      for (const { name } of this.#updated) if (names.single.has(name)) count += 1;
    }
    return count === this.#updated.length;
  }

  /** How many of the new versions a list names; -1 if it names something that comes or goes. */
  #countIn(list: NameList): number {
    let count = this.#inLists.get(list);
    if (count === undefined) {
      const isPure = !this.#others.some((name) => list.has(name));
      count = isPure ? this.#updated.filter(({ name }) => list.has(name)).length : -1;
      this.#inLists.set(list, count);
    }
    return count;
  }
}
