/** A result with the list it was made of. */
interface Member {
  readonly items: readonly unknown[];
}

/** How many unrelated lists a stage is followed for; more than there are kinds of exports in most meshes. */
const MAX_LINEAGES = 32;

/**
 * The latest results of one stage, one for each line of lists that grew out of one another. Which list a new one grew out of is guessed from
 * a few of its items: a wrong guess costs time and is never seen otherwise, as whoever continues a result compares all items.
 */
export class Lineages<Entry extends Member> {
  /** The one used last comes last. */
  readonly #entries: Entry[] = [];

  /** The result to continue for this list; undefined for a list that is like no other. */
  nearest(items: readonly unknown[]): Entry | undefined {
    let best: Entry | undefined;
    let bestScore = 0;
    for (const entry of this.#entries) {
      if (entry.items === items) return entry;
      const score = likeness(entry.items, items);
      if (score < bestScore || score === 0) continue;
      best = entry;
      bestScore = score;
    }
    return best;
  }

  /** Keeps a result, in place of the one that it continues. */
  keep(entry: Entry, continued: Entry | undefined): void {
    const position = continued === undefined ? -1 : this.#entries.indexOf(continued);
    if (position >= 0) this.#entries.splice(position, 1);
    this.#entries.push(entry);
    if (this.#entries.length > MAX_LINEAGES) this.#entries.shift();
  }
}

function likeness(a: readonly unknown[], b: readonly unknown[]): number {
  if (a.length === 0 || b.length === 0) return Number(a.length === b.length);
  const ends = Number(a[0] === b[0]) + Number(a.at(-1) === b.at(-1));
  if (a.length !== b.length) return ends;
  const middle = Number(a[a.length >> 1] === b[b.length >> 1]);
  return ends + middle === 0 ? 0 : ends + middle + 1;
}
