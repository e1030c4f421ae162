import type { JsonValue } from '@bufbuild/protobuf';

/** A property before it is written: what Envoy's attributes are in CEL. */
export type PropertyValue = string | bigint | boolean | Uint8Array | undefined;

/** A property as Envoy hands it to a module: text as it is, numbers in eight bytes, little endian, truth in one. */
export function encodeProperty(value: PropertyValue): Uint8Array | undefined {
  switch (typeof value) {
    case 'string':
      return latin1(value);
    case 'bigint': {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigInt64(0, value, true);
      return bytes;
    }
    case 'boolean':
      return new Uint8Array([Number(value)]);
    default:
      return value;
  }
}

/** What stands at a path within JSON (`google.protobuf.Struct`); undefined for what is no plain value. */
export function jsonProperty(json: JsonValue | undefined, path: readonly string[]): PropertyValue {
  let value = json;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || Array.isArray(value) || !Object.hasOwn(value, key)) {
      return undefined;
    }
    value = value[key];
  }
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value !== 'number') return undefined;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

/** One byte a character: header values hold bytes. */
function latin1(text: string): Uint8Array {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return new TextEncoder().encode(text);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
