import type { KindDeclaration } from '../kind.ts';
import { array, type Infer, inert, object, string } from '../schema.ts';

/** Kubernetes `core/v1 Namespace` spec. */
export const NamespaceSpec = object({ finalizers: inert(array(string())) });
export type NamespaceSpec = Infer<typeof NamespaceSpec>;

export const Namespace: KindDeclaration<'Namespace', NamespaceSpec> = {
  kind: 'Namespace',
  group: '',
  versions: ['v1'],
  scope: 'cluster',
  plural: 'namespaces',
  spec: NamespaceSpec,
};
