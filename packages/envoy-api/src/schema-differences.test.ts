import { clone, create, createFileRegistry, type FileRegistry } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { findSchemaDifferences } from './schema-differences.ts';

const base = create(FileDescriptorProtoSchema, {
  name: 'a.proto',
  package: 'a',
  syntax: 'proto3',
  messageType: [
    {
      name: 'M',
      field: [
        { name: 'one', jsonName: 'one', number: 1, type: 9, label: 1, oneofIndex: 0 },
        { name: 'two', jsonName: 'two', number: 2, type: 9, label: 3 },
      ],
      oneofDecl: [{ name: 'choice' }],
      nestedType: [{ name: 'Inner', field: [{ name: 'x', jsonName: 'x', number: 1, type: 8, label: 1 }] }],
      enumType: [
        {
          name: 'E',
          value: [
            { name: 'ZERO', number: 0 },
            { name: 'ONE', number: 1 },
          ],
        },
      ],
    },
  ],
});

function registryOf(change: (message: DescriptorProto, file: FileDescriptorProto) => void): FileRegistry {
  const file = clone(FileDescriptorProtoSchema, base);
  const [message] = file.messageType;
  if (message !== undefined) change(message, file);
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
}

const ours = [...registryOf(() => {}).files];

describe('findSchemaDifferences', () => {
  test.each<[string, (message: DescriptorProto, file: FileDescriptorProto) => void, string[], number]>([
    ['the same', () => {}, [], 0],
    ['a field less', (message) => message.field.pop(), ['a.M.two'], 0],
    ['a field more', (message) => (message.field[1] = { ...message.field[1]!, number: 3 }), ['a.M.two'], 0],
    ['another field type', (message) => (message.field[1]!.type = 12), [], 1],
    ['another field name', (message) => (message.field[1]!.name = 'zwei'), [], 1],
    ['not repeated', (message) => (message.field[1]!.label = 1), [], 1],
    ['another oneof', (message) => (message.oneofDecl[0]!.name = 'option'), [], 1],
    ['no nested message', (message) => message.nestedType.pop(), ['a.M.Inner'], 0],
    ['a nested field less', (message) => message.nestedType[0]!.field.pop(), ['a.M.Inner.x'], 0],
    ['an enum value less', (message) => message.enumType[0]!.value.pop(), ['a.M.E.ONE'], 0],
    ['another enum value', (message) => (message.enumType[0]!.value[1]!.name = 'UNO'), [], 1],
    ['no message at all', (_, file) => file.messageType.pop(), ['a.M'], 0],
  ])('reports %s', (_, change, missing, conflicts) => {
    const differences = findSchemaDifferences(ours, registryOf(change));
    expect(differences.missing).toEqual(missing);
    expect(differences.conflicts).toHaveLength(conflicts);
  });
});
