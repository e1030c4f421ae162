import type { ObjectMeta } from './kinds/object-meta.ts';
import type { Schema } from './schema.ts';

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
  readonly spec: Schema<Spec>;
  readonly status?: Schema<Status>;
}

/** An object of a declared kind after validation. Immutable. */
export interface MeshObject<Name extends string = string, Spec = unknown, Status = unknown> {
  readonly apiVersion: string;
  readonly kind: Name;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status;
}
