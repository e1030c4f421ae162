/** Fields of one encoded message: what travels as bytes (text, bytes, messages) and what travels as a number; the last of a field counts. */
export interface ProtobufFields {
  bytes(field: number): Uint8Array<ArrayBuffer> | undefined;
  number(field: number): number | undefined;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/**
 * Reads a message (protobuf.dev, "Encoding") of which only few fields matter; undefined for bytes that are none. Groups, which nobody sends,
 * are refused.
 */
export function readFields(message: Uint8Array<ArrayBuffer>): ProtobufFields | undefined {
  const bytes = new Map<number, Uint8Array<ArrayBuffer>>();
  const numbers = new Map<number, number>();
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at];
      if (byte === undefined) return undefined;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < message.length) {
    const tag = varint();
    if (tag === undefined) return undefined;
    const field = Math.floor(tag / 8);
    if (field === 0) return undefined;
    switch (tag % 8) {
      case VARINT: {
        const value = varint();
        if (value === undefined) return undefined;
        numbers.set(field, value);
        break;
      }
      case FIXED64:
        at += 8;
        break;
      case LENGTH_DELIMITED: {
        const length = varint();
        if (length === undefined || at + length > message.length) return undefined;
        bytes.set(field, message.slice(at, at + length));
        at += length;
        break;
      }
      case FIXED32:
        at += 4;
        break;
      default:
        return undefined;
    }
    if (at > message.length) return undefined;
  }
  return { bytes: (field) => bytes.get(field), number: (field) => numbers.get(field) };
}

/** Writes a message of fields that have not their default: numbers, truth values, bytes. */
export function writeFields(fields: readonly (readonly [field: number, value: boolean | Uint8Array])[]): Uint8Array {
  const parts: number[] = [];
  const varint = (value: number) => {
    let rest = value;
    while (rest > 0x7f) {
      parts.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    parts.push(rest);
  };
  for (const [field, value] of fields) {
    if (typeof value === 'boolean') {
      if (value) {
        varint(field * 8 + VARINT);
        parts.push(1);
      }
    } else if (value.length > 0) {
      varint(field * 8 + LENGTH_DELIMITED);
      varint(value.length);
      for (const byte of value) parts.push(byte);
    }
  }
  return Uint8Array.from(parts);
}
