import { pointerOf, toBytes } from "./bytes";

/**
 * Whether two secrets are the same: each a text's UTF-8 or bytes. The time it takes tells whether the lengths differ, never where the bytes
 * do; compare digests where the length is a secret too.
 */
export function equalsConstantTime<L, R>(left: L, right: R): bool {
  const a = toBytes<L>(left);
  const b = toBytes<R>(right);
  const length = a.byteLength;
  if (length != b.byteLength) return false;
  const leftAt = pointerOf(a);
  const rightAt = pointerOf(b);
  let difference: u64 = 0;
  let index = 0;
  for (; index + 8 <= length; index += 8) difference |= load<u64>(leftAt + index) ^ load<u64>(rightAt + index);
  for (; index < length; index++) difference |= load<u8>(leftAt + index) ^ load<u8>(rightAt + index);
  return difference == 0;
}
