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
  let difference: u8 = 0;
  for (let index = 0; index < length; index++) {
    difference |= load<u8>(pointerOf(a) + index) ^ load<u8>(pointerOf(b) + index);
  }
  return difference == 0;
}
