import { type CelUint, type CelValue, isCelList, isCelMap, isCelUint } from '@bufbuild/cel';
import { isReflectMessage } from '@bufbuild/protobuf/reflect';
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import { Status } from '../abi.ts';
import { encodePairs, type HeaderPair, latin1Text } from '../header-pairs.ts';
import { encodeAttribute } from '../stream-attributes.ts';

const utf8 = new TextEncoder();
const MAX_I64 = 2n ** 63n - 1n;

/** A value that an expression gives, or a key of a map. */
type Value = CelValue | CelUint;

/**
 * The bytes of a value as Envoy gives them to modules (`serializeValue` in source/extensions/common/wasm/context.cc): text and bytes as
 * they are; numbers, points in time and durations (nanoseconds) in eight bytes, little endian; truth in one; a map as pairs; a list as pairs
 * whose values are empty. Neither null nor types have bytes.
 */
export function serializeValue(value: Value): Uint8Array | Status {
  switch (typeof value) {
    case 'string':
      return utf8.encode(value);
    case 'bigint':
    case 'boolean':
      return encodeAttribute(value);
    case 'number': {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, value, true);
      return bytes;
    }
    default:
      break;
  }
  if (value instanceof Uint8Array) return value;
  if (isCelUint(value)) return encodeAttribute(value.value);
  if (isReflectMessage(value, TimestampSchema) || isReflectMessage(value, DurationSchema)) {
    const { seconds, nanos } = value.message as Timestamp | Duration;
    const ns = seconds * 1_000_000_000n + BigInt(nanos);
    return encodeAttribute(ns > MAX_I64 ? MAX_I64 : ns < -MAX_I64 - 1n ? -MAX_I64 - 1n : ns);
  }
  if (isCelMap(value)) return serializePairs([...value.entries()]);
  if (isCelList(value)) return serializePairs([...value].map((item): readonly [Value, Value] => [item, '']));
  return Status.SERIALIZATION_FAILURE;
}

function serializePairs(entries: readonly (readonly [Value, Value])[]): Uint8Array | Status {
  const pairs: HeaderPair[] = [];
  for (const [key, value] of entries) {
    const keyBytes = serializeValue(key);
    const valueBytes = serializeValue(value);
    if (typeof keyBytes === 'number' || typeof valueBytes === 'number') return Status.SERIALIZATION_FAILURE;
    pairs.push([latin1Text(keyBytes), latin1Text(valueBytes)]);
  }
  return pairs.length === 0 ? new Uint8Array(4) : encodePairs(pairs);
}
