import type { CompiledView, ResourceSet, ResourcesByName, View } from '@heddle/model';
import type { DiscoveryStream } from './discovery-stream.ts';
import type { Refusal } from './push.ts';
import { TypeInterest } from './view-interest.ts';

const NO_RESOURCES: ResourcesByName = new Map();

/**
 * The streams of one view, what they are offered, and an index from resource names to the streams that asked for them: a change
 * reaches its subscribers without a look at any other stream.
 */
export class ViewGroup {
  readonly view: View;
  readonly streams = new Set<DiscoveryStream>();
  #compiled: CompiledView;
  readonly #interest = new Map<string, TypeInterest>();
  /** By type URL and name: what a client refused and no other of this view has accepted. */
  readonly #refusals = new Map<string, Map<string, Refusal>>();

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
  replace(compiled: CompiledView): { readonly changed: number; readonly streams: ReadonlySet<DiscoveryStream> } {
    const changes = diffResources(this.#compiled.resources, compiled.resources);
    this.#compiled = compiled;
    const touched = new Set<DiscoveryStream>();
    let changed = 0;
    for (const [typeUrl, names] of changes) {
      changed += names.size;
      for (const name of names) this.#forgetRefusal(typeUrl, name);
      const interest = this.#interest.get(typeUrl);
      if (interest === undefined) continue;
      for (const [stream, concerned] of interest.concerned(names)) {
        stream.noteChanges(typeUrl, concerned);
        touched.add(stream);
      }
    }
    return { changed, streams: touched };
  }

  /** What is withheld of a resource, and what is offered in its place. */
  refusal(typeUrl: string, name: string): Refusal | undefined {
    return this.#refusals.get(typeUrl)?.get(name);
  }

  hasRefusals(typeUrl: string): boolean {
    return this.#refusals.has(typeUrl);
  }

  /**
   * Withholds a version that a client refused from those that were not sent it yet, until the resource changes. Not if another client
   * has accepted it: then the reason lies with the one that refused, a port that is taken there for instance.
   */
  refuse(by: DiscoveryStream, typeUrl: string, name: string, refusal: Refusal): void {
    if (this.refusal(typeUrl, name) !== undefined) return;
    if (this.resources(typeUrl).get(name)?.version !== refusal.version) return;
    for (const stream of this.streams) {
      if (stream !== by && stream.hasAccepted(typeUrl, name, refusal.version)) return;
    }
    const byName = this.#refusals.get(typeUrl);
    if (byName === undefined) this.#refusals.set(typeUrl, new Map([[name, refusal]]));
    else byName.set(name, refusal);
  }

  /** Gives to all what was withheld, since a client has accepted it. */
  allow(typeUrl: string, name: string): void {
    this.#forgetRefusal(typeUrl, name);
    const interest = this.interestIn(typeUrl);
    for (const stream of [...interest.wildcard, ...interest.named(name)]) {
      stream.noteChanges(typeUrl, [name]);
      stream.wake();
    }
  }

  #forgetRefusal(typeUrl: string, name: string): void {
    const byName = this.#refusals.get(typeUrl);
    if (byName?.delete(name) && byName.size === 0) this.#refusals.delete(typeUrl);
  }

  /** Who is interested in one type. */
  interestIn(typeUrl: string): TypeInterest {
    let interest = this.#interest.get(typeUrl);
    if (interest === undefined) {
      interest = new TypeInterest();
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
