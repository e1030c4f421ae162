import type { DiscoveryStream } from './discovery-stream.ts';
import type { NameList } from './name-list.ts';
import type { InterestChange } from './receive.ts';
import type { SubscribedNames } from './subscribed-names.ts';

const NOBODY: ReadonlySet<DiscoveryStream> = new Set();

/**
 * Who is interested in the resources of one type within one view: an index from names to streams. Streams that share a list of names are
 * entered under the list, and the list once under its names.
 */
export class TypeInterest {
  readonly #wildcard = new Set<DiscoveryStream>();
  readonly #byName = new Map<string, Set<DiscoveryStream>>();
  readonly #byList = new Map<NameList, Set<DiscoveryStream>>();
  readonly #listsOf = new Map<string, Set<NameList>>();

  /** The streams that want all there is. */
  get wildcard(): ReadonlySet<DiscoveryStream> {
    return this.#wildcard;
  }

  /** The streams that asked for a name. */
  *named(name: string): IterableIterator<DiscoveryStream> {
    yield* this.#byName.get(name) ?? NOBODY;
    for (const list of this.#listsOf.get(name) ?? []) yield* this.#byList.get(list) ?? NOBODY;
  }

  /** The streams that some of these names concern, with those that do; a stream may come more than once. */
  *concerned(names: ReadonlySet<string>): IterableIterator<readonly [DiscoveryStream, Iterable<string>]> {
    for (const stream of this.#wildcard) yield [stream, names];
    const inLists = new Map<NameList, string[]>();
    for (const name of names) {
      for (const stream of this.#byName.get(name) ?? NOBODY) yield [stream, [name]];
      for (const list of this.#listsOf.get(name) ?? []) {
        const inList = inLists.get(list);
        if (inList === undefined) inLists.set(list, [name]);
        else inList.push(name);
      }
    }
    for (const [list, inList] of inLists) for (const stream of this.#byList.get(list) ?? NOBODY) yield [stream, inList];
  }

  /** A stream comes with what it is subscribed to. */
  enter(stream: DiscoveryStream, wildcard: boolean, names: SubscribedNames): void {
    if (wildcard) this.#wildcard.add(stream);
    for (const name of names.single) addTo(this.#byName, name, stream);
    for (const list of names.lists) this.#addList(stream, list);
  }

  /** A stream goes. */
  leave(stream: DiscoveryStream, names: SubscribedNames): void {
    this.#wildcard.delete(stream);
    for (const name of names.single) removeFrom(this.#byName, name, stream);
    for (const list of names.lists) this.#removeList(stream, list);
  }

  /** A stream is interested in other things than before. */
  change(stream: DiscoveryStream, { added, removed, list, dissolved, wildcard }: InterestChange): void {
    for (const one of dissolved) {
      this.#removeList(stream, one);
      for (const name of one.names) addTo(this.#byName, name, stream);
    }
    for (const name of removed) removeFrom(this.#byName, name, stream);
    for (const name of added) addTo(this.#byName, name, stream);
    if (list !== undefined) this.#addList(stream, list);
    if (wildcard === 'added') this.#wildcard.add(stream);
    if (wildcard === 'removed') this.#wildcard.delete(stream);
  }

  #addList(stream: DiscoveryStream, list: NameList): void {
    if (!this.#byList.has(list)) for (const name of list.names) addTo(this.#listsOf, name, list);
    addTo(this.#byList, list, stream);
  }

  #removeList(stream: DiscoveryStream, list: NameList): void {
    removeFrom(this.#byList, list, stream);
    if (!this.#byList.has(list)) for (const name of list.names) removeFrom(this.#listsOf, name, list);
  }
}

function addTo<Key, Value>(index: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = index.get(key);
  if (values === undefined) index.set(key, new Set([value]));
  else values.add(value);
}

function removeFrom<Key, Value>(index: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = index.get(key);
  if (values?.delete(value) && values.size === 0) index.delete(key);
}
