import type { ResourcesByName, XdsResource } from '@heddle/model';
import type { NameList } from './name-list.ts';
import { travelsAlone } from './resource-type.ts';
import { ViewUpdate } from './view-update.ts';

/** How much one response may carry. */
export interface ChunkLimits {
  /** Bound on the encoded resources of one response; one larger resource still travels, alone. Bytes. */
  readonly maxResponseBytes: number;
  /** Bound on resources and removals in one response. */
  readonly maxResponseResources: number;
}

/** Whether something of so many bytes fits into a response that has so much already. */
export function fits(count: number, bytes: number, size: number, limits: ChunkLimits): boolean {
  return count < limits.maxResponseResources && bytes + size <= limits.maxResponseBytes;
}

/** Whether some resource has a time to live. */
export function hasExpiring(resources: readonly XdsResource[]): boolean {
  return resources.some(({ ttlMs }) => ttlMs !== undefined);
}

/** One response's worth of what a view offers, cut once and sent as it is to a stream that is to have just that, or to many. Immutable. */
export class Chunk {
  readonly resources: readonly XdsResource[];
  /** Names asked for that the view does not offer. */
  readonly missing: readonly string[];
  /** Of the encoded resources. */
  readonly bytes: number;
  /** Whether something in it has a time to live. */
  readonly expires: boolean;
  /** Whether it was cut for many streams. */
  readonly isShared: boolean;
  readonly #offered: ReadonlySet<string>;
  readonly #missing: ReadonlySet<string>;

  constructor(resources: readonly XdsResource[], missing: readonly string[], isShared: boolean) {
    this.isShared = isShared;
    this.resources = resources;
    this.missing = missing;
    this.bytes = resources.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.expires = hasExpiring(resources);
    this.#offered = new Set(resources.map(({ name }) => name));
    this.#missing = new Set(missing);
  }

  /** Whether it says something about a name. */
  has(name: string): boolean {
    return this.#offered.has(name) || this.#missing.has(name);
  }

  /** Whether it carries a resource of this name. */
  carries(name: string): boolean {
    return this.#offered.has(name);
  }

  /** All names that it says something about. */
  get names(): readonly string[] {
    return [...this.resources.map(({ name }) => name), ...this.missing];
  }
}

/**
 * Cuts what clients are to have into chunks, once for all that are to have the same. Chunks are kept as long as the view's state that they
 * were cut from; those that a change did not touch are used again for the next state.
 */
export class ChunkPlans {
  readonly #limits: ChunkLimits;
  readonly #whole = new WeakMap<ResourcesByName, readonly Chunk[]>();
  readonly #listed = new WeakMap<
    NameList,
    { readonly of: WeakMap<ResourcesByName, readonly Chunk[]>; last: readonly Chunk[] }
  >();
  readonly #updates = new WeakMap<ResourcesByName, WeakMap<ResourcesByName, ViewUpdate>>();
  /** The last plan of a type, by the type's URL. */
  readonly #lastWhole = new Map<string, WeakRef<readonly Chunk[] & object>>();

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
  }

  /** All that a view offers of one type. */
  whole(typeUrl: string, available: ResourcesByName): readonly Chunk[] {
    let chunks = this.#whole.get(available);
    if (chunks === undefined) {
      chunks = reuse(this.#cut(available.values(), true), this.#lastWhole.get(typeUrl)?.deref() ?? []);
      this.#whole.set(available, chunks);
      this.#lastWhole.set(typeUrl, new WeakRef(chunks));
    }
    return chunks;
  }

  /** What a view offers under the names of a list, and which of them it does not offer. */
  listed(list: NameList, available: ResourcesByName): readonly Chunk[] {
    let plans = this.#listed.get(list);
    if (plans === undefined) {
      plans = { of: new WeakMap(), last: [] };
      this.#listed.set(list, plans);
    }
    let chunks = plans.of.get(available);
    if (chunks === undefined) {
      chunks = reuse(this.#cut(entriesOf(list.names, available), true), plans.last);
      plans.of.set(available, chunks);
      plans.last = chunks;
    }
    return chunks;
  }

  /** How a view's state differs from an earlier one. */
  between(before: ResourcesByName, after: ResourcesByName): ViewUpdate {
    let updates = this.#updates.get(before);
    if (updates === undefined) {
      updates = new WeakMap();
      this.#updates.set(before, updates);
    }
    let update = updates.get(after);
    if (update === undefined) {
      update = new ViewUpdate(before, after, (resources) => this.#cut(resources, true));
      updates.set(after, update);
    }
    return update;
  }

  /** What a view offers under names that one client alone asks for: nothing is kept. */
  single(names: Iterable<string>, available: ResourcesByName): readonly Chunk[] {
    return this.#cut(entriesOf(names, available), false);
  }

  /** Names stand for what is missing. */
  #cut(entries: Iterable<XdsResource | string>, isShared: boolean): readonly Chunk[] {
    const chunks: Chunk[] = [];
    let [resources, missing, bytes]: [XdsResource[], string[], number] = [[], [], 0];
    const close = () => {
      chunks.push(new Chunk(resources, missing, isShared));
      [resources, missing, bytes] = [[], [], 0];
    };
    for (const entry of entries) {
      const size = typeof entry === 'string' ? entry.length : entry.bytes.length;
      const count = resources.length + missing.length;
      const alone = typeof entry !== 'string' && travelsAlone(entry.typeUrl);
      if (count > 0 && (alone || !fits(count, bytes, size, this.#limits))) close();
      bytes += size;
      if (typeof entry === 'string') missing.push(entry);
      else resources.push(entry);
    }
    if (resources.length + missing.length > 0) close();
    return chunks;
  }
}

function entriesOf(names: Iterable<string>, available: ResourcesByName): (XdsResource | string)[] {
  return Array.from(names, (name) => available.get(name) ?? name);
}

/** Chunks that say the same as earlier ones are replaced by those: their encoded bytes are there already. */
function reuse(chunks: readonly Chunk[], earlier: readonly Chunk[]): readonly Chunk[] {
  if (earlier.length === 0) return chunks;
  const byFirst = new Map(earlier.map((chunk) => [chunk.resources[0], chunk]));
  return chunks.map((chunk) => {
    const known = byFirst.get(chunk.resources[0]);
    return known !== undefined && isSame(chunk.resources, known.resources) && isSame(chunk.missing, known.missing)
      ? known
      : chunk;
  });
}

function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}
