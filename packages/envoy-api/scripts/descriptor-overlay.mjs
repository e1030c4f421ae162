import { clone, create, fromJson, toJson } from '@bufbuild/protobuf';
import {
  DescriptorProtoSchema,
  EnumDescriptorProtoSchema,
  EnumValueDescriptorProtoSchema,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  MessageOptionsSchema,
  OneofDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

/**
 * The overlay is a list of partial `google.protobuf.FileDescriptorProto`s in protobuf's JSON form: only the fields, enum
 * values, messages and enums that the .proto files of the npm package lack. A field's `oneofIndex` counts in the partial
 * message's own `oneofDecl`, whose names are looked up in the message that it is merged into. Imports are not written
 * down; they follow from the types named.
 *
 * @typedef {import('@bufbuild/protobuf/wkt').FileDescriptorProto} File
 * @typedef {import('@bufbuild/protobuf/wkt').DescriptorProto} Message
 */

/** Reads an overlay's `files`. @param {unknown[]} json @returns {File[]} */
export function parseOverlay(json) {
  return json.map((file) => fromJson(FileDescriptorProtoSchema, file));
}

/** The inverse of {@link parseOverlay}. @param {File[]} files @returns {unknown[]} */
export function printOverlay(files) {
  return files.map((file) => toJson(FileDescriptorProtoSchema, file));
}

/**
 * Merges an overlay into a set of complete files. Both stay untouched. What the set already has with the same name and
 * number is left as it is, so that an overlay survives an update of the npm package; a contradiction throws.
 *
 * @param {File[]} files
 * @param {File[]} overlay
 * @returns {File[]} in dependency order
 */
export function applyOverlay(files, overlay) {
  const merged = new Map(files.map((file) => [file.name, clone(FileDescriptorProtoSchema, file)]));
  for (const partial of overlay) {
    const base = merged.get(partial.name);
    if (base === undefined) merged.set(partial.name, clone(FileDescriptorProtoSchema, partial));
    else mergeFile(base, partial);
  }
  const declaredIn = new Map();
  for (const file of merged.values()) for (const name of typesOf(file).keys()) declaredIn.set(name, file.name);
  for (const { name } of overlay) {
    const file = merged.get(name);
    setJsonNames(file);
    const wanted = new Set(file.dependency);
    for (const type of referencedTypes(file)) {
      const source = declaredIn.get(type);
      if (source === undefined)
        throw new Error(`Cannot apply the overlay to "${name}": type "${type}" is nowhere declared`);
      if (source !== name) wanted.add(source);
    }
    file.dependency = [...wanted];
  }
  return sortByDependency(merged);
}

/**
 * What `wanted` has and `base` lacks, restricted to the types in `only`.
 *
 * @param {File} wanted
 * @param {File | undefined} base
 * @param {ReadonlySet<string>} only full type names
 * @returns {File | undefined} a partial file for an overlay, or undefined when nothing is missing
 */
export function subtractFile(wanted, base, only) {
  const partial = create(FileDescriptorProtoSchema, { name: wanted.name, package: wanted.package });
  if (base === undefined) partial.syntax = wanted.syntax;
  for (const message of wanted.messageType) {
    const rest = subtractMessage(
      message,
      base?.messageType.find((known) => known.name === message.name),
      wanted.package,
      only,
    );
    if (rest !== undefined) partial.messageType.push(rest);
  }
  for (const type of wanted.enumType) {
    const rest = subtractEnum(
      type,
      base?.enumType.find((known) => known.name === type.name),
      wanted.package,
      only,
    );
    if (rest !== undefined) partial.enumType.push(rest);
  }
  return partial.messageType.length + partial.enumType.length > 0 ? partial : undefined;
}

/** Every message and enum of a file by full name, nested ones included. @param {File} file */
export function typesOf(file) {
  const types = new Map();
  const visit = (scope, message) => {
    const name = `${scope}.${message.name}`;
    types.set(name, message);
    for (const nested of message.nestedType) visit(name, nested);
    for (const nested of message.enumType) types.set(`${name}.${nested.name}`, nested);
  };
  for (const message of file.messageType) visit(file.package, message);
  for (const type of file.enumType) types.set(`${file.package}.${type.name}`, type);
  return types;
}

/** The full names of the types that a file's fields and methods name. @param {File} file */
export function referencedTypes(file) {
  const names = new Set();
  for (const type of typesOf(file).values()) {
    for (const field of type.field ?? []) if (field.typeName !== '') names.add(field.typeName.slice(1));
  }
  for (const service of file.service) {
    for (const method of service.method) names.add(method.inputType.slice(1)).add(method.outputType.slice(1));
  }
  return names;
}

function mergeFile(base, partial) {
  for (const message of partial.messageType) mergeMessageInto(base.messageType, message, base.package, base, [4]);
  for (const type of partial.enumType) mergeEnumInto(base.enumType, type, base.package);
}

function mergeMessageInto(list, partial, scope, file, listPath) {
  const name = `${scope}.${partial.name}`;
  const base = list.find((known) => known.name === partial.name);
  if (base === undefined) {
    list.push(clone(DescriptorProtoSchema, partial));
    return;
  }
  const path = [...listPath, list.indexOf(base)];
  for (const field of partial.field) {
    const known = base.field.find((other) => other.number === field.number || other.name === field.name);
    if (known !== undefined) {
      if (known.number === field.number && known.name === field.name && known.type === field.type) continue;
      throw new Error(
        `Cannot apply the overlay to "${name}": field "${field.name}" = ${field.number} is wanted, ` +
          `found "${known.name}" = ${known.number}`,
      );
    }
    const added = clone(FieldDescriptorProtoSchema, field);
    const oneof = partial.oneofDecl[field.oneofIndex]?.name;
    if (oneof !== undefined && hasOneof(field)) added.oneofIndex = oneofIndex(base, oneof, name);
    insertField(base, added, file, path);
  }
  for (const nested of partial.nestedType) mergeMessageInto(base.nestedType, nested, name, file, [...path, 3]);
  for (const nested of partial.enumType) mergeEnumInto(base.enumType, nested, name);
}

/**
 * Compilers demand that the fields of one oneof stand together, so a new one goes after the last of its oneof. Comments
 * are kept by position (`path` is the message's, as in SourceCodeInfo.Location), so those of later fields move along.
 */
function insertField(message, field, file, path) {
  const isSibling = (other) => hasOneof(field) && hasOneof(other) && other.oneofIndex === field.oneofIndex;
  const index = message.field.findLastIndex(isSibling) + 1 || message.field.length;
  message.field.splice(index, 0, field);
  for (const location of file.sourceCodeInfo?.location ?? []) {
    const isField = location.path[path.length] === 2 && path.every((part, depth) => part === location.path[depth]);
    if (isField && location.path[path.length + 1] >= index) location.path[path.length + 1]++;
  }
}

function mergeEnumInto(list, partial, scope) {
  const base = list.find((known) => known.name === partial.name);
  if (base === undefined) {
    list.push(clone(EnumDescriptorProtoSchema, partial));
    return;
  }
  for (const value of partial.value) {
    const known = base.value.find((other) => other.number === value.number || other.name === value.name);
    if (known === undefined) base.value.push(value);
    else if (known.number !== value.number || known.name !== value.name) {
      throw new Error(
        `Cannot apply the overlay to "${scope}.${partial.name}": value "${value.name}" = ${value.number} is wanted, ` +
          `found "${known.name}" = ${known.number}`,
      );
    }
  }
}

/** Compilers demand that the oneofs made for `optional` fields come last, so new ones cannot simply be appended. */
function oneofIndex(message, name, fullName) {
  const index = message.oneofDecl.findIndex((known) => known.name === name);
  if (index !== -1) return index;
  if (message.field.some((field) => field.proto3Optional)) {
    throw new Error(`Cannot apply the overlay to "${fullName}": oneof "${name}" would follow those of optional fields`);
  }
  return message.oneofDecl.push(create(OneofDescriptorProtoSchema, { name })) - 1;
}

function subtractMessage(wanted, base, scope, only) {
  const name = `${scope}.${wanted.name}`;
  const partial = create(DescriptorProtoSchema, { name: wanted.name });
  if (base === undefined && wanted.options?.mapEntry) {
    partial.options = create(MessageOptionsSchema, { mapEntry: true });
  }
  const isWanted = only.has(name);
  for (const field of wanted.field) {
    if (!isWanted || base?.field.some((known) => known.number === field.number)) continue;
    partial.field.push(plainField(field, wanted, partial));
  }
  for (const nested of wanted.nestedType) {
    const known = base?.nestedType.find((other) => other.name === nested.name);
    const rest = subtractMessage(nested, known, name, only);
    if (rest !== undefined) partial.nestedType.push(rest);
  }
  for (const nested of wanted.enumType) {
    const known = base?.enumType.find((other) => other.name === nested.name);
    const rest = subtractEnum(nested, known, name, only);
    if (rest !== undefined) partial.enumType.push(rest);
  }
  const isNew = base === undefined && isWanted;
  return isNew || partial.field.length + partial.nestedType.length + partial.enumType.length > 0 ? partial : undefined;
}

/** A copy without options (annotations for validators and documentation), its oneof renumbered for `target`. */
function plainField(field, source, target) {
  const plain = create(FieldDescriptorProtoSchema, {
    name: field.name,
    number: field.number,
    label: field.label,
    type: field.type,
  });
  if (field.typeName !== '') plain.typeName = field.typeName;
  if (field.proto3Optional) plain.proto3Optional = true;
  if (field.options?.deprecated) plain.options = create(FieldOptionsSchema, { deprecated: true });
  if (hasOneof(field)) plain.oneofIndex = oneofIndex(target, source.oneofDecl[field.oneofIndex].name, source.name);
  return plain;
}

function subtractEnum(wanted, base, scope, only) {
  if (!only.has(`${scope}.${wanted.name}`)) return undefined;
  const value = wanted.value
    .filter((one) => !base?.value.some((known) => known.number === one.number))
    .map(({ name, number }) => create(EnumValueDescriptorProtoSchema, { name, number }));
  return value.length > 0 ? create(EnumDescriptorProtoSchema, { name: wanted.name, value }) : undefined;
}

/** `oneofIndex` is 0 by default, so its presence has to be asked for. */
function hasOneof(field) {
  return Object.hasOwn(field, 'oneofIndex');
}

function setJsonNames(file) {
  for (const type of typesOf(file).values()) {
    for (const field of type.field ?? []) {
      if (field.jsonName === '') field.jsonName = field.name.replace(/_+(.?)/g, (_, letter) => letter.toUpperCase());
    }
  }
}

function sortByDependency(files) {
  const sorted = new Map();
  const visit = (name) => {
    const file = files.get(name);
    if (file === undefined || sorted.has(name)) return;
    for (const dependency of file.dependency) visit(dependency);
    sorted.set(name, file);
  };
  for (const name of [...files.keys()].sort()) visit(name);
  return [...sorted.values()];
}

/** Whether a field holds a message or enum, which is what makes a type reachable. */
export function namesType(field) {
  return field.type === FieldDescriptorProto_Type.MESSAGE || field.type === FieldDescriptorProto_Type.ENUM;
}
