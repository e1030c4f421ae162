import { create, createFileRegistry } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
// The script runs before anything is built, on Node versions that do not strip types; so it is JavaScript.
import { applyOverlay, parseOverlay, subtractFile } from '../scripts/descriptor-overlay.mjs';

const other = create(FileDescriptorProtoSchema, {
  name: 'other.proto',
  package: 'b',
  syntax: 'proto3',
  messageType: [{ name: 'Other' }],
});
const base = create(FileDescriptorProtoSchema, {
  name: 'base.proto',
  package: 'a',
  syntax: 'proto3',
  messageType: [
    {
      name: 'M',
      field: [
        { name: 'first', jsonName: 'first', number: 1, type: 9, label: 1, oneofIndex: 0 },
        { name: 'last', jsonName: 'last', number: 2, type: 9, label: 1 },
      ],
      oneofDecl: [{ name: 'choice' }],
      enumType: [{ name: 'E', value: [{ name: 'ZERO', number: 0 }] }],
    },
  ],
  sourceCodeInfo: { location: [{ path: [4, 0, 2, 1], span: [1, 1, 1], leadingComments: 'about last' }] },
});

function messageOf(files: FileDescriptorProto[], name = 'a.M') {
  const message = createFileRegistry(create(FileDescriptorSetSchema, { file: files })).getMessage(name);
  if (message === undefined) throw new Error(`no message ${name}`);
  return message;
}

function only<T>(list: readonly (T | undefined)[]): T {
  const [first] = list;
  if (first === undefined || list.length !== 1) throw new Error(`wanted one, found ${list.length}`);
  return first;
}

function overlayOf(message: object) {
  return parseOverlay([{ name: 'base.proto', package: 'a', messageType: [{ name: 'M', ...message }] }]);
}

describe('applyOverlay', () => {
  test('adds a plain field with its JSON name', () => {
    const overlay = overlayOf({
      field: [{ name: 'new_field', number: 9, label: 'LABEL_OPTIONAL', type: 'TYPE_BOOL' }],
    });
    const message = messageOf(applyOverlay([base], overlay));
    expect(message.fields.map((field) => `${field.name} ${field.jsonName}`)).toContain('new_field newField');
    expect(base.messageType[0]?.field).toHaveLength(2);
  });

  test('adds a field to a known oneof beside its siblings, and moves the comments of later fields', () => {
    const field = [{ name: 'second', number: 3, label: 'LABEL_OPTIONAL', type: 'TYPE_STRING', oneofIndex: 1 }];
    const file = only(applyOverlay([base], overlayOf({ field, oneofDecl: [{ name: 'unused' }, { name: 'choice' }] })));
    expect(only(file.messageType).field.map(({ name }) => name)).toEqual(['first', 'second', 'last']);
    expect(file.sourceCodeInfo?.location.map(({ path }) => path)).toEqual([[4, 0, 2, 2]]);
    expect(messageOf([file]).oneofs.map((oneof) => oneof.fields.map(({ name }) => name))).toEqual([
      ['first', 'second'],
    ]);
  });

  test('adds messages, enum values and imports, in dependency order', () => {
    const overlay = overlayOf({
      field: [
        { name: 'other', number: 4, label: 'LABEL_OPTIONAL', type: 'TYPE_MESSAGE', typeName: '.b.Other' },
        { name: 'inner', number: 5, label: 'LABEL_OPTIONAL', type: 'TYPE_MESSAGE', typeName: '.a.M.Inner' },
      ],
      nestedType: [{ name: 'Inner' }],
      enumType: [{ name: 'E', value: [{ name: 'ONE', number: 1 }] }],
    });
    const files = applyOverlay([base, other], overlay);
    expect(files.map(({ name }) => name)).toEqual(['other.proto', 'base.proto']);
    const message = messageOf(files);
    expect(message.nestedMessages.map(({ name }) => name)).toEqual(['Inner']);
    expect(message.nestedEnums[0]?.values.map(({ name }) => name)).toEqual(['ZERO', 'ONE']);
  });

  test('leaves alone what is already there', () => {
    const overlay = overlayOf({ field: [{ name: 'last', number: 2, label: 'LABEL_OPTIONAL', type: 'TYPE_STRING' }] });
    expect(messageOf(applyOverlay([base], overlay)).fields).toHaveLength(2);
  });

  test.each([
    [
      'another name',
      { field: [{ name: 'x', number: 2, type: 'TYPE_STRING' }] },
      'field "x" = 2 is wanted, found "last" = 2',
    ],
    ['another number', { field: [{ name: 'last', number: 7, type: 'TYPE_STRING' }] }, 'found "last" = 2'],
    ['another value', { enumType: [{ name: 'E', value: [{ name: 'NIL', number: 0 }] }] }, 'found "ZERO" = 0'],
    ['an unknown type', { field: [{ name: 'x', number: 7, type: 'TYPE_MESSAGE', typeName: '.c.C' }] }, '"c.C"'],
  ])('refuses %s', (_, message, words) => {
    expect(() => applyOverlay([base], overlayOf(message))).toThrow(words);
  });
});

describe('subtractFile', () => {
  test('is undone by applyOverlay', () => {
    const wanted = create(FileDescriptorProtoSchema, base);
    const field = [{ name: 'second', number: 3, label: 'LABEL_OPTIONAL', type: 'TYPE_STRING', oneofIndex: 0 }];
    const full = only(
      applyOverlay([wanted], overlayOf({ field, oneofDecl: [{ name: 'choice' }], nestedType: [{ name: 'N' }] })),
    );
    const wantedTypes = new Set(['a.M', 'a.M.N', 'a.M.E']);
    const difference = only([subtractFile(full, base, wantedTypes)]);
    expect(only(difference.messageType).field.map(({ name }) => name)).toEqual(['second']);
    expect(applyOverlay([base], [difference])).toEqual([full]);
    expect(subtractFile(full, full, wantedTypes)).toBeUndefined();
    expect(subtractFile(full, base, new Set())).toBeUndefined();
  });
});
