import { typesOf } from './descriptor-overlay.mjs';

/**
 * What an Envoy binary lacks of the generated types, and where the two contradict each other.
 *
 * @param {import('@bufbuild/protobuf').DescFile[]} generated
 * @param {Map<string, import('@bufbuild/protobuf/wkt').FileDescriptorProto>} embedded from readEmbeddedDescriptors
 * @returns {{ missing: string[], conflicts: string[] }} `missing` holds full names of types, of fields (`message.field`) and
 *   of enum values (`enum.VALUE`); a missing type stands alone, without what is in it
 */
export function findDifferences(generated, embedded) {
  const known = new Map([...embedded.values()].flatMap((file) => [...typesOf(file)]));
  const missing = [];
  const conflicts = [];
  for (const file of generated) {
    for (const [name, type] of typesOf(file.proto)) {
      const judge = known.get(name);
      if (judge === undefined) {
        const parent = name.slice(0, name.lastIndexOf('.'));
        if (!missing.includes(parent)) missing.push(name);
        continue;
      }
      for (const field of type.field ?? []) {
        const wanted = judge.field.find((other) => other.number === field.number);
        if (wanted === undefined) missing.push(`${name}.${field.name}`);
        else if (printField(wanted, judge) !== printField(field, type)) {
          conflicts.push(`${name}: found "${printField(field, type)}", wanted "${printField(wanted, judge)}"`);
        }
      }
      for (const value of type.value ?? []) {
        const wanted = judge.value.find((other) => other.number === value.number);
        if (wanted === undefined) missing.push(`${name}.${value.name}`);
        else if (wanted.name !== value.name) conflicts.push(`${name}: found "${value.name}", wanted "${wanted.name}"`);
      }
    }
  }
  return { missing: missing.sort(), conflicts };
}

/** A field as one line: all that decides how it is written on the wire and named in JSON. */
function printField(field, message) {
  const oneof = Object.hasOwn(field, 'oneofIndex') ? ` in ${message.oneofDecl[field.oneofIndex].name}` : '';
  return `${field.label} ${field.type} ${field.typeName} ${field.name} = ${field.number}${oneof}`;
}
