import type { KindDeclaration } from './kind.ts';
import { ObjectMeta } from './kinds/object-meta.ts';
import { type KindName, kinds } from './kinds.ts';
import type { SchemaNode, Support } from './schema.ts';

/** One field of a kind without fields of its own, and what is done with it. */
export interface DeclaredField {
  /** From the object's root; `[]` stands for any item of a list, `{}` for any value of a map: `spec.http[].match[].headers{}.exact`. */
  readonly path: string;
  readonly support: Support;
}

/** Every leaf field of a kind, in the order of declaration. What stands inside a part that is not obeyed is not obeyed. */
export function declaredFields(kind: KindName): readonly DeclaredField[] {
  const declaration: KindDeclaration = kinds[kind];
  const found: DeclaredField[] = [];
  for (const name of declaration.appliedMetadata ?? []) {
    collect(metadataField(name), `metadata.${name}`, 'applied', found);
  }
  collect(declaration.spec.node, declaration.specAtRoot === true ? '' : 'spec', 'applied', found);
  if (declaration.status !== undefined) collect(declaration.status.node, 'status', 'applied', found);
  return found;
}

/**
 * The leaf fields that the compiler obeys, with the kind in front: `VirtualService.spec.http[].match[].uri.prefix`. The list from which
 * the ablation runs: deleting any of them from its input must change an answer.
 */
export function supportedFields(kind: KindName): readonly string[] {
  return declaredFields(kind)
    .filter((field) => field.support === 'applied')
    .map((field) => `${kind}.${field.path}`);
}

function metadataField(name: keyof ObjectMeta): SchemaNode {
  const { node } = ObjectMeta;
  const field = node.type === 'object' ? node.fields[name] : undefined;
  if (field === undefined) throw new Error(`ObjectMeta does not declare "${name}"`);
  return field.node;
}

function collect(node: SchemaNode, path: string, inherited: Support, found: DeclaredField[]): void {
  const support = inherited === 'applied' ? (node.support ?? 'applied') : inherited;
  switch (node.type) {
    case 'object':
      for (const [name, field] of Object.entries(node.fields))
        collect(field.node, path === '' ? name : `${path}.${name}`, support, found);
      return;
    case 'array':
      collect(node.items.node, `${path}[]`, support, found);
      return;
    case 'map':
      collect(node.values.node, `${path}{}`, support, found);
      return;
    default:
      found.push({ path, support });
  }
}
