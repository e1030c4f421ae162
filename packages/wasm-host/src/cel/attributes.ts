import { type CelError, type CelInput, type CelMap, celError, celMap, celUint } from '@bufbuild/cel';
import { create } from '@bufbuild/protobuf';
import { DurationSchema, TimestampSchema } from '@bufbuild/protobuf/wkt';
import type { GuestContext } from '../context.ts';
import { decodePairs } from '../header-pairs.ts';
import { type AttributeType, memberType, wholeType } from './attribute-types.ts';
import { isMessageType, messageValue } from './messages.ts';

const NS_PER_SECOND = 1_000_000_000n;
const text = new TextDecoder();

/** Names that mean something without an attribute: types, and the first part of those that are messages. */
const TYPES: ReadonlySet<string> = new Set([
  ...['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type', 'google'],
]);

/**
 * What an expression asks of a stream, read when it is asked for: the names at its top, as Envoy resolves them. A name that there is not is
 * an error, also within `has()`.
 */
export function attributesOf(context: GuestContext): Readonly<Record<string, CelInput>> {
  const get = (name: string): CelInput | CelError | undefined => {
    // The library tries qualified names (`request.path`) as one name first; there are none.
    if (name.includes('.')) return undefined;
    return attribute(context, name) ?? (TYPES.has(name) ? undefined : celError(`No value with name "${name}" found`));
  };
  return new Proxy<Record<string, CelInput>>(
    {},
    { get: (_, name) => (typeof name === 'string' ? get(name) : undefined) },
  );
}

function attribute(context: GuestContext, name: string): CelInput | undefined {
  const found = context.property([name]);
  if (found === undefined) return undefined;
  // A group of attributes cannot be had as a whole: its members can.
  if (typeof found === 'number') return group(context, name);
  return attributeValue(wholeType(name) ?? (context.isTextProperty(name) ? 'text' : 'bytes'), found);
}

function group(context: GuestContext, name: string): CelMap {
  const isState = name.endsWith('filter_state');
  return lazyMap((member) => {
    const type = memberType(name, member);
    if (type === 'headers') return headers(context, [name, member]);
    const found = context.property([name, member]);
    if (found === undefined || typeof found === 'number') return undefined;
    const isText = isState && member.startsWith('wasm.') && context.isTextProperty(member.slice('wasm.'.length));
    return attributeValue(isText ? 'text' : type, found);
  });
}

/** Headers by name, in any case; of a name that is there several times, the values joined by commas. */
function headers(context: GuestContext, path: readonly string[]): CelMap {
  const value = (name: string) => {
    const found = context.property([...path, name]);
    return found === undefined || typeof found === 'number' ? undefined : text.decode(found);
  };
  return lazyMap(value, () => {
    const all = context.property(path);
    const pairs = all instanceof Uint8Array ? (decodePairs(all) ?? []) : [];
    return pairs.map(([name]) => name);
  });
}

function attributeValue(type: AttributeType, bytes: Uint8Array): CelInput {
  if (isMessageType(type)) return messageValue(type, bytes);
  switch (type) {
    case 'text':
      return text.decode(bytes);
    case 'int':
      return integer(bytes);
    case 'uint':
      return celUint(BigInt.asUintN(64, integer(bytes)));
    case 'bool':
      return bytes[0] !== 0;
    case 'time':
      return create(TimestampSchema, secondsAndNanos(integer(bytes), true));
    case 'duration':
      return create(DurationSchema, secondsAndNanos(integer(bytes), false));
    default:
      return bytes;
  }
}

function integer(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigInt64(0, true);
}

/** Nanoseconds as protobuf has them: those of a time are never negative, those of a duration have the sign of its seconds. */
function secondsAndNanos(ns: bigint, isTime: boolean): { seconds: bigint; nanos: number } {
  const nanos = ns % NS_PER_SECOND;
  const seconds = ns / NS_PER_SECOND;
  if (isTime && nanos < 0n) return { seconds: seconds - 1n, nanos: Number(nanos + NS_PER_SECOND) };
  return { seconds, nanos: Number(nanos) };
}

/** A map whose values are made when they are asked for. */
function lazyMap(value: (name: string) => CelInput | undefined, names: () => readonly string[] = () => []): CelMap {
  const entries = () => names().map((name): [string, CelInput] => [name, value(name) ?? '']);
  const map: ReadonlyMap<string, CelInput> = {
    get: (name) => (typeof name === 'string' ? value(name) : undefined),
    has: (name) => typeof name === 'string' && value(name) !== undefined,
    get size() {
      return names().length;
    },
    keys: () => names()[Symbol.iterator]() as MapIterator<string>,
    values: () => new Map(entries()).values(),
    entries: () => new Map(entries()).entries(),
    forEach: (visit) => {
      for (const [name, one] of entries()) visit(one, name, map);
    },
    [Symbol.iterator]: () => new Map(entries()).entries(),
  };
  return celMap(map as ReadonlyMap<bigint | string | boolean, CelInput>);
}
