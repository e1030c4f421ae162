// The collector runs between callbacks only, when no reference lives on a stack: nothing has to be pinned, and what the host writes into is
// an ArrayBuffer at once. docs/decisions/0050-filters-in-assemblyscript.md has the measurements.

/** Where the host stores the pointer and the size of what it gives: `OUT` and `OUT + 4`; and numbers. */
export const OUT: usize = memory.data(16, 8);

/** Bytes that were taken since the last collection, roughly: what came from the host, and a sum for each callback. */
let pressure: usize = 0;

/** How many callbacks there were. Whatever is remembered of a callback is remembered with its number. */
export let epoch: u32 = 0;

const PRESSURE_OF_CALLBACK: usize = 256;
const LEAST_PRESSURE: usize = 1 << 16;

/** Memory for what the host gives: see {@link given}. */
export function allocate(size: usize): usize {
  pressure += size;
  return __new(size, idof<ArrayBuffer>());
}

/** What the host has given. */
@inline
export function given(): ArrayBuffer {
  const bytes = load<usize>(OUT);
  // For nothing the host allocates nothing.
  return bytes == 0 || load<u32>(OUT + 4) == 0 ? new ArrayBuffer(0) : changetype<ArrayBuffer>(bytes);
}

export function beginCallback(): void {
  epoch++;
}

/**
 * Called as the last thing of a callback. Collecting costs as much as there is to mark and to free, so it waits until as much has been
 * taken as half of all memory.
 */
export function endCallback(): void {
  pressure += PRESSURE_OF_CALLBACK;
  if (pressure >= max(LEAST_PRESSURE, (<usize>memory.size()) << 15)) collect();
}

function collect(): void {
  pressure = 0;
  __collect();
}
