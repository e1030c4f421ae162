/** A place where work is done, one item after the other. */
export interface Lane<Item> {
  run(item: Item): Promise<void>;
  close(): Promise<void>;
}

/**
 * Does work in several places at once, since most of it waits. Which item goes where does not depend on time: what a place remembers, such as
 * its random numbers, is the same in each run.
 *
 * @param open opens the n-th place
 */
export async function inLanes<Item>(
  items: readonly Item[],
  count: number,
  open: (lane: number) => Promise<Lane<Item>>,
): Promise<void> {
  const used = Math.max(1, Math.min(count, items.length));
  await Promise.all(
    Array.from({ length: used }, async (_, index) => {
      const lane = await open(index);
      try {
        for (let at = index; at < items.length; at += used) await lane.run(items[at] as Item);
      } finally {
        await lane.close();
      }
    }),
  );
}
