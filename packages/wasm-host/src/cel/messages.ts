import { type CelInput, type CelMap, celMap } from '@bufbuild/cel';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import type { AttributeType } from './attribute-types.ts';

/** How a field of a message is read. */
type Field = 'text' | 'struct' | 'structs' | 'locality';

/** The messages of envoy.config.core.v3 that attributes are, as far as expressions use them: fields by number. */
const MESSAGES: Readonly<Record<'metadata' | 'node' | 'locality', Readonly<Record<number, readonly [string, Field]>>>> =
  {
    metadata: { 1: ['filter_metadata', 'structs'] },
    node: {
      1: ['id', 'text'],
      2: ['cluster', 'text'],
      3: ['metadata', 'struct'],
      4: ['locality', 'locality'],
      6: ['user_agent_name', 'text'],
      7: ['user_agent_version', 'text'],
    },
    locality: { 1: ['region', 'text'], 2: ['zone', 'text'], 3: ['sub_zone', 'text'] },
  };

type MessageType = keyof typeof MESSAGES;

/** Whether an attribute is a message. */
export function isMessageType(type: AttributeType): type is MessageType {
  return Object.hasOwn(MESSAGES, type);
}

/** A message as expressions see it, by the names of its fields; those without a value have their default. Throws for bytes that are none. */
export function messageValue(type: MessageType, bytes: Uint8Array): CelMap {
  const fields = MESSAGES[type];
  const values = new Map<string, CelInput>();
  const maps = new Map<string, Map<string, CelInput>>();
  for (const [name, field] of Object.values(fields)) {
    if (field === 'text') values.set(name, '');
    if (field !== 'structs') continue;
    const entries = new Map<string, CelInput>();
    maps.set(name, entries);
    values.set(name, celMap(entries));
  }
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const known = wireType === WireType.LengthDelimited ? fields[number] : undefined;
    if (known === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    const [name, field] = known;
    const content = reader.bytes();
    if (field === 'structs') {
      const [key, struct] = mapEntry(content);
      maps.get(name)?.set(key, fromBinary(StructSchema, struct));
    } else if (field === 'struct') values.set(name, fromBinary(StructSchema, content));
    else if (field === 'locality') values.set(name, messageValue('locality', content));
    else values.set(name, new TextDecoder().decode(content));
  }
  return celMap(values);
}

/** An entry of a map from text to messages. */
function mapEntry(bytes: Uint8Array): readonly [string, Uint8Array] {
  let key = '';
  let value = new Uint8Array();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1 && wireType === WireType.LengthDelimited) key = reader.string();
    else if (number === 2 && wireType === WireType.LengthDelimited) value = reader.bytes() as Uint8Array<ArrayBuffer>;
    else reader.skip(wireType, number);
  }
  return [key, value];
}
