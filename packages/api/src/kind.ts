import type { ObjectMeta } from './kinds/object-meta.ts';
import type { Schema, StringFormat } from './schema.ts';

/** One kind of Kubernetes object as Heddle declares it. */
export interface KindDeclaration<Name extends string = string, Spec = unknown, Status = unknown> {
  readonly kind: Name;
  /** API group, empty for Kubernetes' core group. */
  readonly group: string;
  /** Served versions, newest first; every one has the same shape here. */
  readonly versions: readonly string[];
  /** `namespaced` objects without `metadata.namespace` live in `default`. */
  readonly scope: 'namespaced' | 'cluster';
  readonly plural: string;
  /** What names must look like; DNS subdomains if absent. */
  readonly nameFormat?: StringFormat;
  /** The fields of `spec` stand at the object's root, as those of Secrets do; validated objects have them in `spec` all the same. */
  readonly specAtRoot?: boolean;
  /** Objects may leave `spec` out, as Namespaces do; it is then `{}`. */
  readonly specOptional?: boolean;
  /** Fields of `metadata` that the compiler obeys for this kind, beyond name and namespace. */
  readonly appliedMetadata?: readonly (keyof ObjectMeta)[];
  readonly spec: Schema<Spec>;
  readonly status?: Schema<Status>;
}

/** `metadata` after validation: the name is there, and so is the namespace of namespaced kinds. */
export type ValidatedMeta = ObjectMeta & { readonly name: string };

/** An object of a declared kind after validation. Immutable. */
export interface MeshObject<Name extends string = string, Spec = unknown, Status = unknown> {
  readonly apiVersion: string;
  readonly kind: Name;
  readonly metadata: ValidatedMeta;
  readonly spec: Spec;
  readonly status?: Status;
}
