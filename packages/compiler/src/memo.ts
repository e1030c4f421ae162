import { Lineages } from './incremental/lineages.ts';
import { listChanges } from './incremental/list-changes.ts';

/** What a stage may depend on: immutable values, compared by identity, and primitives. */
export type MemoInput = object | string | number | boolean | undefined;

/** A pure function of its inputs; `memo` is passed on so that it can cache the stages it consists of. */
export type Stage<Inputs extends readonly MemoInput[], Result> = (memo: Memo, ...inputs: Inputs) => Result;

/** A result of a stage with the inputs it was made of. */
export interface Continued<Inputs extends readonly MemoInput[], Result> {
  readonly inputs: Inputs;
  readonly result: Result;
}

/**
 * A stage that may start from an earlier result of its own. It compares the earlier inputs with its inputs and makes anew what they
 * concern. The promise: with and without an earlier result it gives the same, which property tests check.
 */
export type EvolvingStage<Inputs extends readonly MemoInput[], Result> = (
  memo: Memo,
  before: Continued<Inputs, Result> | undefined,
  ...inputs: Inputs
) => Result;

/**
 * The compiler's cache. A stage is called as `memo.run(stage, ...inputs)`: the inputs are at once the arguments and the cache key,
 * so a stage cannot depend on anything its key does not hold.
 *
 * The first input must be an object. It owns the entries (they go when it goes) and should be the input that changes most often; for
 * each stage it keeps the last {@link ENTRIES_PER_OWNER} different combinations of the other inputs.
 * See docs/decisions/0002-compiler-stages.md.
 */
export interface Memo {
  run<Inputs extends readonly [object, ...MemoInput[]], Result>(
    stage: Stage<Inputs, Result>,
    ...inputs: Inputs
  ): Result;

  /**
   * As `run`, for inputs that change often and never come back: keeps one result for each owner, stage and slot. For units that stand
   * around finer ones, so that what did not change costs one look-up instead of many.
   */
  latest<Inputs extends readonly [object, ...MemoInput[]], Result>(
    slot: MemoInput,
    stage: Stage<Inputs, Result>,
    ...inputs: Inputs
  ): Result;

  /**
   * The results of a stage for each item of a list: as `run` for one after another, but what stayed in the list since the last time costs
   * the comparison of a pointer. Each item is an object and owns its result. The list is the one before if all of its items are.
   */
  each<Item extends object, Shared extends readonly MemoInput[], Result>(
    stage: Stage<readonly [Item, ...Shared], Result>,
    items: readonly Item[],
    ...shared: Shared
  ): readonly Result[];

  /**
   * For a stage over a long list, such as an index, that can make its result from the one for a similar list: see {@link Continued}. Keeps the
   * latest result only; where views differ in other inputs than the list, call it inside of a stage that `run` keeps for each.
   */
  evolve<Inputs extends readonly [readonly unknown[], ...MemoInput[]], Result>(
    stage: EvolvingStage<Inputs, Result>,
    ...inputs: Inputs
  ): Result;

  /**
   * The list itself, or the list that was given last for this owner and slot if it has the same items: turns "a new array of the same
   * things" into an unchanged input. Alters identity only, never content.
   */
  steady<Item extends MemoInput>(owner: object, slot: MemoInput, items: readonly Item[]): readonly Item[];
}

/** How many results a stage keeps for one owner; a gateway's view and hundreds of namespaces' views share most of them. */
export const ENTRIES_PER_OWNER = 128;

/** Any stage: here it is only a key. */
type AnyStage = (...inputs: never) => unknown;

/** How many slots one owner has: more than there are clusters in a large mesh. */
const SLOTS_PER_OWNER = 65_536;

interface Entry {
  readonly inputs: readonly MemoInput[];
  readonly result: unknown;
}

/**
 * Thrown out of a computation that has had the thread for long enough, right after one more result was kept: whoever begins it anew
 * finds all results so far, and gets further each time.
 */
export class SliceSpent extends Error {
  override readonly name = 'SliceSpent';

  constructor() {
    super('the slice of time is spent');
  }
}

/** When to interrupt: see {@link SliceSpent}. */
export interface Interruption {
  /** Undefined while nobody wants to interrupt. */
  isSpent: (() => boolean) | undefined;
}

/** A cache that remembers; the results of its stages are shared and must not be altered. */
export function createMemo(interruption: Interruption = { isSpent: undefined }): Memo {
  const pause = (): void => {
    if (interruption.isSpent?.() === true) throw new SliceSpent();
  };
  // Stages are functions of modules: few, and there for good.
  const stages = new Map<AnyStage, WeakMap<object, Entry[]>>();
  const slotted = new Map<AnyStage, WeakMap<object, Map<MemoInput, Entry>>>();
  const lists = new WeakMap<object, Map<MemoInput, readonly MemoInput[]>>();
  const mapped = new Map<AnyStage, Lineages<MappedList>>();
  const evolved = new Map<AnyStage, Lineages<EvolvedList>>();

  const memo: Memo = {
    run(stage, ...inputs) {
      const entries = entriesOf(stages, stage, inputs[0]);
      const known = findEntry(entries, inputs);
      if (known !== undefined) return known.result as ReturnType<typeof stage>;
      const result = stage(memo, ...inputs);
      keepEntry(entries, { inputs, result });
      pause();
      return result;
    },

    latest(slot, stage, ...inputs) {
      let owners = slotted.get(stage);
      if (owners === undefined) {
        owners = new WeakMap();
        slotted.set(stage, owners);
      }
      const owner = inputs[0];
      let slots = owners.get(owner);
      if (slots === undefined) {
        slots = new Map();
        owners.set(owner, slots);
      }
      const entry = slots.get(slot);
      if (entry !== undefined && sameAfterFirst(entry.inputs, inputs)) return entry.result as ReturnType<typeof stage>;
      const result = stage(memo, ...inputs);
      setBounded(slots, slot, { inputs, result });
      pause();
      return result;
    },

    each(stage, items, ...shared) {
      type Result = ReturnType<typeof stage>;
      const lineages = lineagesOf(mapped, stage);
      const nearest = lineages.nearest(items);
      const before = nearest !== undefined && sameItems(nearest.shared, shared) ? nearest : undefined;
      if (before?.items === items) return before.results as readonly Result[];
      const results: Result[] = [];
      if (before === undefined) {
        for (const item of items) results.push(memo.run(stage, item, ...shared));
      } else {
        let taken = 0;
        for (const { startBefore, endBefore, startAfter, endAfter } of listChanges(before.items, items)) {
          while (taken < startBefore) results.push(before.results[taken++] as Result);
          for (let at = startAfter; at < endAfter; at++)
            results.push(memo.run(stage, items[at] as (typeof items)[number], ...shared));
          taken = endBefore;
        }
        while (taken < before.results.length) results.push(before.results[taken++] as Result);
      }
      const kept = before !== undefined && sameItems(before.results, results) ? before.results : results;
      lineages.keep({ items, shared, results: kept }, nearest);
      return kept as readonly Result[];
    },

    evolve(stage, ...inputs) {
      type Result = ReturnType<typeof stage>;
      const [items] = inputs;
      const lineages = lineagesOf(evolved, stage);
      const before = lineages.nearest(items);
      if (before !== undefined && sameItems(before.inputs, inputs)) return before.result as Result;
      const result = stage(memo, before as Continued<typeof inputs, Result> | undefined, ...inputs);
      lineages.keep({ items, inputs, result }, before);
      pause();
      return result;
    },

    steady(owner, slot, items) {
      let slots = lists.get(owner);
      if (slots === undefined) {
        slots = new Map();
        lists.set(owner, slots);
      }
      const before = slots.get(slot);
      if (before !== undefined && sameItems(before, items)) return before as typeof items;
      setBounded(slots, slot, items);
      return items;
    },
  };
  return memo;
}

/** A cache that remembers nothing: every stage runs each time. */
export const noMemo: Memo = {
  run: (stage, ...inputs) => stage(noMemo, ...inputs),
  latest: (_slot, stage, ...inputs) => stage(noMemo, ...inputs),
  each: (stage, items, ...shared) => items.map((item) => stage(noMemo, item, ...shared)),
  evolve: (stage, ...inputs) => stage(noMemo, undefined, ...inputs),
  steady: (_owner, _slot, items) => items,
};

function entriesOf(stages: Map<AnyStage, WeakMap<object, Entry[]>>, stage: AnyStage, owner: object): Entry[] {
  let owners = stages.get(stage);
  if (owners === undefined) {
    owners = new WeakMap();
    stages.set(stage, owners);
  }
  let entries = owners.get(owner);
  if (entries === undefined) {
    entries = [];
    owners.set(owner, entries);
  }
  return entries;
}

/** Newest first: the entry of the last compilation is almost always the one wanted. */
function findEntry(entries: Entry[], inputs: readonly MemoInput[]): Entry | undefined {
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as Entry;
    if (!sameAfterFirst(entry.inputs, inputs)) continue;
    if (index > 0) {
      entries.splice(index, 1);
      entries.unshift(entry);
    }
    return entry;
  }
  return undefined;
}

function keepEntry(entries: Entry[], entry: Entry): void {
  entries.unshift(entry);
  if (entries.length > ENTRIES_PER_OWNER) entries.pop();
}

interface MappedList {
  readonly items: readonly object[];
  readonly shared: readonly MemoInput[];
  readonly results: readonly unknown[];
}

interface EvolvedList extends Continued<readonly MemoInput[], unknown> {
  readonly items: readonly unknown[];
}

function lineagesOf<Entry extends { readonly items: readonly unknown[] }>(
  stages: Map<AnyStage, Lineages<Entry>>,
  stage: AnyStage,
): Lineages<Entry> {
  let lineages = stages.get(stage);
  if (lineages === undefined) {
    lineages = new Lineages();
    stages.set(stage, lineages);
  }
  return lineages;
}

/** A Map keeps its keys in order of insertion: when it is full, the one set longest ago goes. */
function setBounded<Value>(slots: Map<MemoInput, Value>, slot: MemoInput, value: Value): void {
  slots.delete(slot);
  slots.set(slot, value);
  if (slots.size <= SLOTS_PER_OWNER) return;
  const [oldest] = slots.keys();
  slots.delete(oldest);
}

function sameAfterFirst(a: readonly MemoInput[], b: readonly MemoInput[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 1; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** The same items by identity, in the same order. */
export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
