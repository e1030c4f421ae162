import type { CompiledView, ResourceSet, ResourcesByName, View } from '@heddle/model';
import type { DeltaStream } from './delta-stream.ts';

/** Who is interested in the resources of one type within one view. */
interface TypeInterest {
  readonly wildcard: Set<DeltaStream>;
  readonly byName: Map<string, Set<DeltaStream>>;
}

const NO_RESOURCES: ResourcesByName = new Map();

/**
 * The streams of one view, what they are offered, and an index from resource names to the streams that asked for them: a change
 * reaches its subscribers without a look at any other stream.
 */
export class ViewGroup {
  readonly view: View;
  readonly streams = new Set<DeltaStream>();
  #compiled: CompiledView;
  readonly #interest = new Map<string, TypeInterest>();

  constructor(view: View, compiled: CompiledView) {
    this.view = view;
    this.#compiled = compiled;
  }

  get compiled(): CompiledView {
    return this.#compiled;
  }

  /** What the view offers of one type. */
  resources(typeUrl: string): ResourcesByName {
    return this.#compiled.resources.get(typeUrl) ?? NO_RESOURCES;
  }

  /** Swaps in a new state and tells the streams concerned. Returns them, with the number of resources that changed. */
  replace(compiled: CompiledView): { readonly changed: number; readonly streams: ReadonlySet<DeltaStream> } {
    const changes = diffResources(this.#compiled.resources, compiled.resources);
    this.#compiled = compiled;
    const touched = new Set<DeltaStream>();
    let changed = 0;
    for (const [typeUrl, names] of changes) {
      changed += names.size;
      const interest = this.#interest.get(typeUrl);
      if (interest === undefined) continue;
      for (const stream of interest.wildcard) {
        stream.noteChanges(typeUrl, names);
        touched.add(stream);
      }
      for (const name of names) {
        for (const stream of interest.byName.get(name) ?? []) {
          stream.noteChanges(typeUrl, [name]);
          touched.add(stream);
        }
      }
    }
    return { changed, streams: touched };
  }

  addInterest(stream: DeltaStream, typeUrl: string, names: Iterable<string>): void {
    const { byName } = this.#interestIn(typeUrl);
    for (const name of names) {
      const streams = byName.get(name);
      if (streams === undefined) byName.set(name, new Set([stream]));
      else streams.add(stream);
    }
  }

  removeInterest(stream: DeltaStream, typeUrl: string, names: Iterable<string>): void {
    const byName = this.#interest.get(typeUrl)?.byName;
    for (const name of names) {
      const streams = byName?.get(name);
      if (streams?.delete(stream) && streams.size === 0) byName?.delete(name);
    }
  }

  setWildcard(stream: DeltaStream, typeUrl: string, isInterested: boolean): void {
    if (isInterested) this.#interestIn(typeUrl).wildcard.add(stream);
    else this.#interest.get(typeUrl)?.wildcard.delete(stream);
  }

  #interestIn(typeUrl: string): TypeInterest {
    let interest = this.#interest.get(typeUrl);
    if (interest === undefined) {
      interest = { wildcard: new Set(), byName: new Map() };
      this.#interest.set(typeUrl, interest);
    }
    return interest;
  }
}

/**
 * The names whose resources differ, by type: added, removed or of another version. Types and resources that are the same objects
 * are skipped unread.
 */
export function diffResources(before: ResourceSet, after: ResourceSet): ReadonlyMap<string, ReadonlySet<string>> {
  const changes = new Map<string, Set<string>>();
  for (const typeUrl of new Set([...before.keys(), ...after.keys()])) {
    const names = diffByName(before.get(typeUrl) ?? NO_RESOURCES, after.get(typeUrl) ?? NO_RESOURCES);
    if (names.size > 0) changes.set(typeUrl, names);
  }
  return changes;
}

function diffByName(before: ResourcesByName, after: ResourcesByName): Set<string> {
  const names = new Set<string>();
  if (before === after) return names;
  for (const [name, resource] of after) {
    const old = before.get(name);
    if (old !== resource && old?.version !== resource.version) names.add(name);
  }
  for (const name of before.keys()) if (!after.has(name)) names.add(name);
  return names;
}
