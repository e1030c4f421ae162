import type { Compiler } from '@heddle/compiler';
import type { MeshSnapshot, View } from '@heddle/model';
import type { ThreadSlice } from './thread-slice.ts';

/** What is not done after so many slices is left to whoever needs it, in one go: far more than any mesh takes. */
const MAX_SLICES = 2_000;

/**
 * Compiles a view without ever holding the thread for long: the compiler keeps what it has done, and a later call of `compile` finds it.
 * `current` says which snapshot to compile, asked anew in each slice.
 */
export async function compileInSlices(
  compiler: Pick<Compiler, 'compileWithin'>,
  current: () => MeshSnapshot,
  view: View,
  slice: Pick<ThreadSlice, 'isSpent' | 'nextTurn'>,
): Promise<void> {
  for (let count = 0; count < MAX_SLICES; count++) {
    if (slice.isSpent) await slice.nextTurn();
    if (compiler.compileWithin(current(), view, () => slice.isSpent) !== undefined) return;
  }
}
