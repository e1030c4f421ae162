/** Something the host has given a number: a context, a callout. */
export abstract class Entry {
  /** The host's number of it. */
  __id: u32 = 0;
  /** The next one in the same chain of its table. */
  __next: Entry | null = null;
}

/** Entries that live, by their numbers. These count up by one or by four, so that their low bits spread them. */
export class Table {
  private chains: StaticArray<Entry | null> = emptyChains(32);
  count: i32 = 0;

  /** The entry with this number, or null. */
  find(id: u32): Entry | null {
    let entry = unchecked(this.chains[this.slot(id)]);
    while (entry !== null && entry.__id != id) entry = entry.__next;
    return entry;
  }

  add(id: u32, entry: Entry): void {
    entry.__id = id;
    if (this.count > this.chains.length << 1) this.grow();
    this.insert(entry);
    this.count++;
  }

  /** Removes the entry with this number, and gives it. */
  take(id: u32): Entry | null {
    const slot = this.slot(id);
    let before: Entry | null = null;
    let entry = unchecked(this.chains[slot]);
    while (entry !== null && entry.__id != id) {
      before = entry;
      entry = entry.__next;
    }
    if (entry === null) return null;
    if (before === null) unchecked(this.chains[slot] = entry.__next);
    else before.__next = entry.__next;
    entry.__next = null;
    this.count--;
    return entry;
  }

  /** The first entry of a chain, for those who look at all: chains are numbered from 0 to {@link chainCount}. */
  @inline chain(index: i32): Entry | null { return unchecked(this.chains[index]); }
  @inline get chainCount(): i32 { return this.chains.length; }

  @inline private slot(id: u32): i32 { return (id ^ (id >> 2)) & (this.chains.length - 1); }

  private insert(entry: Entry): void {
    const slot = this.slot(entry.__id);
    entry.__next = unchecked(this.chains[slot]);
    unchecked(this.chains[slot] = entry);
  }

  private grow(): void {
    const old = this.chains;
    this.chains = emptyChains(old.length << 1);
    for (let index = 0; index < old.length; index++) {
      let entry = unchecked(old[index]);
      while (entry !== null) {
        const next = entry.__next;
        this.insert(entry);
        entry = next;
      }
    }
  }
}

export function emptyChains(length: i32): StaticArray<Entry | null> {
  // As `new StaticArray` does, which brings along the text of an error that cannot be here.
  const size = <usize>length << alignof<usize>();
  const chains = __new(size, idof<StaticArray<Entry | null>>());
  memory.fill(chains, 0, size);
  return changetype<StaticArray<Entry | null>>(chains);
}
