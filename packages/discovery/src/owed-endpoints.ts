import type { XdsResource } from '@heddle/model';
import type { Chunk } from './chunk.ts';
import { endpointsNamedBy } from './make-before-break.ts';
import { NameList } from './name-list.ts';
import type { DeltaPush } from './push.ts';
import type { SubscribedNames } from './subscribed-names.ts';

const endpointsOfChunk = new WeakMap<Chunk, NameList>();

/**
 * The endpoints of clusters that were sent before the client subscribed to any endpoints. A changed cluster warms only by an answer of
 * its own, even if the endpoints are those that the client has.
 */
export class OwedEndpoints {
  readonly #names = new Set<string>();
  readonly #chunks = new Set<Chunk>();

  has(name: string): boolean {
    if (this.#names.has(name)) return true;
    for (const chunk of this.#chunks) if (endpointsNamedIn(chunk).has(name)) return true;
    return false;
  }

  /** Clusters were sent. */
  add({ resources, chunk }: DeltaPush): void {
    if (chunk !== undefined) this.#chunks.add(chunk);
    else for (const name of endpointsNamedByAll(resources)) this.#names.add(name);
  }

  clear(): void {
    this.#names.clear();
    this.#chunks.clear();
  }
}

/** The endpoints of clusters that were sent, among those that the client has asked for. */
export function endpointsToAnswer({ resources, chunk }: DeltaPush, names: SubscribedNames): readonly string[] {
  if (names.size === 0) return [];
  if (chunk === undefined) return endpointsNamedByAll(resources).filter((name) => names.has(name));
  // Clusters that are new to the client: it has mostly not asked for their endpoints yet, which shared lists know at once.
  const named = endpointsNamedIn(chunk);
  const mayBeAsked = names.lists.some((list) => list.overlaps(named)) || names.single.size > 0;
  return mayBeAsked ? named.names.filter((name) => names.has(name)) : [];
}

function endpointsNamedIn(chunk: Chunk): NameList {
  let names = endpointsOfChunk.get(chunk);
  if (names === undefined) {
    names = new NameList(endpointsNamedByAll(chunk.resources));
    endpointsOfChunk.set(chunk, names);
  }
  return names;
}

function endpointsNamedByAll(clusters: readonly XdsResource[]): string[] {
  return clusters.flatMap((cluster) => endpointsNamedBy(cluster) ?? []);
}
