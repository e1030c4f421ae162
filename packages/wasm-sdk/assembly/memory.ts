// What the host gives, and where.

import { emptyBytes } from "./text";

/** Where the host stores the pointer and the size of what it gives: `OUT` and `OUT + 4`; and, from `OUT + 8` on, numbers. */
export const OUT: usize = memory.data(16, 8);

/** How many callbacks there were. Whatever is remembered of a callback is remembered with its number. */
export let epoch: u32 = 0;

/** Memory for what the host gives: see {@link given}. */
export function allocate(size: usize): usize {
  return __new(size, idof<ArrayBuffer>());
}

/** What the host has given. */
@inline
export function given(): ArrayBuffer {
  const bytes = load<usize>(OUT);
  // For nothing the host allocates nothing.
  return bytes == 0 || load<u32>(OUT + 4) == 0 ? emptyBytes() : changetype<ArrayBuffer>(bytes);
}

export function beginCallback(): void {
  epoch++;
}
