export type { FieldProblem, FieldProblemCode } from './field-problem.ts';
export type { KindDeclaration, MeshObject } from './kind.ts';
export { type KindName, kinds, type ObjectOf } from './kinds.ts';
export { ObjectMeta } from './kinds/object-meta.ts';
export type { Infer, Schema, SchemaNode, Support } from './schema.ts';
export { suggest } from './suggestion.ts';
export { type ValidationResult, validate } from './validate.ts';
