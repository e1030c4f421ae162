/**
 * Compares the generated types with the schema of a particular Envoy.
 *
 * @module
 */
import type { DescEnum, DescField, DescFile, DescMessage, FileRegistry } from '@bufbuild/protobuf';

/** How generated types and a schema differ; see {@link findSchemaDifferences}. */
export interface SchemaDifferences {
  /**
   * What the schema lacks: full names of messages and enums, of fields (`message.field`) and of enum values
   * (`enum.VALUE`), sorted. The content of a type that is missing is not listed beside it.
   */
  readonly missing: readonly string[];
  /** Sentences about what both have under one number and declare differently. Empty for every released Envoy. */
  readonly conflicts: readonly string[];
}

/**
 * What a schema lacks of the generated types, and where the two contradict each other. With the schema that an Envoy
 * binary embeds this tells which fields must not be sent to it. What the schema has in excess is not reported.
 *
 * @param files generated files, such as those of `registry`
 * @param schema for instance `createFileRegistry(await readEmbeddedDescriptors('/usr/bin/envoy'))`
 */
export function findSchemaDifferences(files: Iterable<DescFile>, schema: FileRegistry): SchemaDifferences {
  const missing: string[] = [];
  const conflicts: string[] = [];

  const compareEnum = (found: DescEnum): void => {
    const judge = schema.getEnum(found.typeName);
    if (judge === undefined) {
      missing.push(found.typeName);
      return;
    }
    for (const value of found.values) {
      const wanted = judge.value[value.number];
      if (wanted === undefined) missing.push(`${found.typeName}.${value.name}`);
      else if (!judge.values.some((other) => other.number === value.number && other.name === value.name)) {
        conflicts.push(`${found.typeName}: found "${value.name}" = ${value.number}, wanted "${wanted.name}"`);
      }
    }
  };

  const compareMessage = (found: DescMessage): void => {
    const judge = schema.getMessage(found.typeName);
    if (judge === undefined) {
      missing.push(found.typeName);
      return;
    }
    for (const field of found.fields) {
      const wanted = judge.fields.find((other) => other.number === field.number);
      if (wanted === undefined) missing.push(`${found.typeName}.${field.name}`);
      else if (printField(wanted) !== printField(field)) {
        conflicts.push(`${found.typeName}: found "${printField(field)}", wanted "${printField(wanted)}"`);
      }
    }
    found.nestedMessages.forEach(compareMessage);
    found.nestedEnums.forEach(compareEnum);
  };

  for (const file of files) {
    file.messages.forEach(compareMessage);
    file.enums.forEach(compareEnum);
  }
  return { missing: missing.sort(), conflicts };
}

/** A field as one line: all that decides how it is written on the wire and named in JSON. */
function printField({ proto, oneof }: DescField): string {
  const type = `${proto.label} ${proto.type} ${proto.typeName}`.trim();
  return `${type} ${proto.name} = ${proto.number}${oneof === undefined ? '' : ` in ${oneof.name}`}`;
}
