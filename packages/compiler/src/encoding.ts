import type { DescMessage } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * Messages in parts. The encoding of a message is the concatenation of its fields, and of a repeated field that of its elements
 * (protobuf.dev, "Encoding", "Optional and repeated elements"): what changes alone can be encoded alone.
 */

/** One element of a repeated message field, or a singular one: its tag, length and the message's bytes. */
export function encodeField(parent: DescMessage, field: string, message: Uint8Array): Uint8Array {
  const found = parent.field[field];
  if (found === undefined) throw new TypeError(`${parent.typeName} has no field "${field}"`);
  return new BinaryWriter().tag(found.number, WireType.LengthDelimited).bytes(message).finish();
}

/** The parts one after another. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
