import { dnsLabel } from '../formats/dns-name.ts';
import type { KindDeclaration } from '../kind.ts';
import { array, type Infer, inert, object, string } from '../schema.ts';
import { Conditions } from './kubernetes-conditions.ts';

/** Kubernetes `core/v1 Namespace` spec. */
export const NamespaceSpec = object({ finalizers: inert(array(string())) });
export type NamespaceSpec = Infer<typeof NamespaceSpec>;

export const Namespace: KindDeclaration<'Namespace', NamespaceSpec> = {
  kind: 'Namespace',
  group: '',
  versions: ['v1'],
  scope: 'cluster',
  plural: 'namespaces',
  nameFormat: dnsLabel,
  specOptional: true,
  spec: NamespaceSpec,
  status: inert(object({ phase: string({ values: ['Active', 'Terminating'] }), conditions: Conditions })),
};
