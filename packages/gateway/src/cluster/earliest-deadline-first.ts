/** An entry of the schedule: who, and by when it is due. */
interface Entry<T> {
  readonly item: T;
  deadline: number;
  /** Breaks ties by order of insertion, so that equal weights alternate. */
  order: number;
}

/**
 * Weighted turns without bursts, as Envoy's scheduler does it: each item is due 1/weight after its last turn, the earliest
 * goes first. A turn costs O(log n). `weightOf` is asked at every turn, so a weight may follow the load.
 */
export class EarliestDeadlineFirst<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #weightOf: (item: T) => number;
  #now = 0;
  #order = 0;

  /** `skip` turns are taken at once, so that many proxies started together do not all begin with the first item. */
  constructor(items: readonly T[], weightOf: (item: T) => number, skip = 0) {
    this.#weightOf = weightOf;
    for (const item of items) this.#push({ item, deadline: 1 / Math.max(weightOf(item), 1e-9), order: this.#order++ });
    for (let i = 0; i < skip; i++) this.next();
  }

  /** The item whose turn it is; undefined when there are none. */
  next(): T | undefined {
    const entry = this.#heap[0];
    if (entry === undefined) return undefined;
    this.#now = entry.deadline;
    entry.deadline = this.#now + 1 / Math.max(this.#weightOf(entry.item), 1e-9);
    entry.order = this.#order++;
    this.#sink(0);
    return entry.item;
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!earlier(entry, heap[parent] as Entry<T>)) break;
      heap[at] = heap[parent] as Entry<T>;
      at = parent;
    }
    heap[at] = entry;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const entry = heap[from] as Entry<T>;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1] as Entry<T>, heap[child] as Entry<T>)) child++;
      if (!earlier(heap[child] as Entry<T>, entry)) break;
      heap[at] = heap[child] as Entry<T>;
      at = child;
    }
    heap[at] = entry;
  }
}

function earlier<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
}
