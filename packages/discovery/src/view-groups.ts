import type { CompiledView, View } from '@heddle/model';
import type { DiscoveryStream } from './discovery-stream.ts';
import { ViewGroup } from './view-group.ts';

/** The views in use, each compiled once for all its streams. */
export class ViewGroups {
  readonly #compile: (view: View) => CompiledView;
  readonly #groups = new Map<string, ViewGroup>();

  /** `compile` may throw: then a group keeps what it had, and a new one is not made. */
  constructor(compile: (view: View) => CompiledView) {
    this.#compile = compile;
  }

  /** How many there are. */
  get size(): number {
    return this.#groups.size;
  }

  /** Whether some stream has the view. */
  has(view: View): boolean {
    return this.#groups.has(view.key);
  }

  /** The group of a view, made if there is none. */
  get(view: View): { readonly group: ViewGroup; readonly isNew: boolean } {
    const known = this.#groups.get(view.key);
    if (known !== undefined) return { group: known, isNew: false };
    const group = new ViewGroup(view, this.#compile(view));
    this.#groups.set(view.key, group);
    return { group, isNew: true };
  }

  /**
   * Compiles anew, and tells the streams that a change concerns.
   *
   * @param except groups that were compiled just now
   * @param failed called with the error of a view that cannot be compiled
   */
  update(
    except: ReadonlySet<ViewGroup>,
    failed: (view: View, error: unknown) => void,
  ): { readonly changedResources: number; readonly streams: ReadonlySet<DiscoveryStream> } {
    const touched = new Set<DiscoveryStream>();
    let changedResources = 0;
    for (const group of this.#groups.values()) {
      if (except.has(group)) continue;
      let compiled: CompiledView;
      try {
        compiled = this.#compile(group.view);
      } catch (error) {
        failed(group.view, error);
        continue;
      }
      if (compiled === group.compiled) continue;
      const { changed, streams } = group.replace(compiled);
      changedResources += changed;
      for (const stream of streams) touched.add(stream);
    }
    return { changedResources, streams: touched };
  }

  /** A view without streams is not kept up to date. */
  dropIfUnused(group: ViewGroup): void {
    if (group.streams.size === 0 && this.#groups.get(group.view.key) === group) this.#groups.delete(group.view.key);
  }
}
