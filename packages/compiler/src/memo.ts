/** What a stage may depend on: immutable values, compared by identity, and primitives. */
export type MemoInput = object | string | number | boolean | undefined;

/** A pure function of its inputs; `memo` is passed on so that it can cache the stages it consists of. */
export type Stage<Inputs extends readonly MemoInput[], Result> = (memo: Memo, ...inputs: Inputs) => Result;

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

/** A cache that remembers; the results of its stages are shared and must not be altered. */
export function createMemo(): Memo {
  // Stages are functions of modules: few, and there for good.
  const stages = new Map<AnyStage, WeakMap<object, Entry[]>>();
  const slotted = new Map<AnyStage, WeakMap<object, Map<MemoInput, Entry>>>();
  const lists = new WeakMap<object, Map<MemoInput, readonly MemoInput[]>>();

  const memo: Memo = {
    run(stage, ...inputs) {
      let owners = stages.get(stage);
      if (owners === undefined) {
        owners = new WeakMap();
        stages.set(stage, owners);
      }
      const owner = inputs[0];
      let entries = owners.get(owner);
      if (entries === undefined) {
        entries = [];
        owners.set(owner, entries);
      }
      // Newest first: the entry of the last compilation is almost always the one wanted.
      for (let index = 0; index < entries.length; index++) {
        const entry = entries[index] as Entry;
        if (!sameAfterFirst(entry.inputs, inputs)) continue;
        if (index > 0) {
          entries.splice(index, 1);
          entries.unshift(entry);
        }
        return entry.result as ReturnType<typeof stage>;
      }
      const result = stage(memo, ...inputs);
      entries.unshift({ inputs, result });
      if (entries.length > ENTRIES_PER_OWNER) entries.pop();
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
  steady: (_owner, _slot, items) => items,
};

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
