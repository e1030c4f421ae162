// The collector runs between callbacks only, when no reference lives on a stack: nothing has to be pinned, and what the host writes into is
// an ArrayBuffer at once. docs/decisions/0054-filters-in-assemblyscript.md has the measurements.
// The runtime library does not export how much there is, as it stands: see the transform.
import { total } from "rt/tcms";
import { leaveEnd, setCurrentStream } from "./context";

/** Bytes of objects from which on to collect. */
let limit: usize = 1 << 16;
const LEAST_LIMIT: usize = 1 << 16;

/**
 * Called as the last thing of a callback. Collecting costs as much as there is to mark and to free, so it waits until there is twice as much
 * as the last time left.
 */
export function endCallback(): void {
  setCurrentStream(null);
  leaveEnd();
  if (total < limit) return;
  __collect();
  limit = max(LEAST_LIMIT, total << 1);
}
