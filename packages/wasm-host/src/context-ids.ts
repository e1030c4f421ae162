/**
 * The number of a new context behind the one of the last. They have 32 bits, which a busy proxy uses up in days, and streams may live that long: those
 * that are in use are passed over, and 0, which is none.
 */
export function nextContextId(last: number, isUsed: (id: number) => boolean): number {
  let id = (last + 1) >>> 0;
  while (id === 0 || isUsed(id)) id = (id + 1) >>> 0;
  return id;
}
