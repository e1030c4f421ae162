import type { KindDeclaration, MeshObject } from './kind.ts';
import { Gateway } from './kinds/gateway.ts';
import { Namespace } from './kinds/namespace.ts';

/** Every kind that Heddle declares, by name. */
export const kinds = { Namespace, Gateway } as const;

export type KindName = keyof typeof kinds;
/** The object type of a declared kind: `ObjectOf<'Gateway'>`. */
export type ObjectOf<K extends KindName> =
  (typeof kinds)[K] extends KindDeclaration<infer Name, infer Spec, infer Status> ? MeshObject<Name, Spec, Status> : never;
