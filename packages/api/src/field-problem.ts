/**
 * One thing wrong with a value: where (path from the object's root), what, and what was wanted instead. Stable codes:
 * - `not-an-object`, `unknown-kind`, `invalid-name`: errors about the object as a whole; it cannot be used.
 * - `unknown-field`, `missing-field`, `wrong-type`, `invalid-value`, `conflicting-fields`: errors; the object is refused.
 * - `not-applied`: a declared field or value that is not obeyed yet; a warning, the object is used without it.
 * - `kind-not-applied`: a kind of the mesh that is not obeyed yet; a warning, the object is left out.
 * - `kind-without-meaning`: a kind that means nothing to a mesh (ConfigMap); only information, the object is left out.
 */
export interface FieldProblem {
  readonly code: FieldProblemCode;
  readonly severity: 'error' | 'warning' | 'info';
  readonly path: readonly (string | number)[];
  /** What was found and what was wanted, in one sentence without the path. */
  readonly message: string;
  /** The replacement for the last path element or value, when one is likely meant (e.g. `hosts` for `hots`). */
  readonly suggestion?: string;
}

export type FieldProblemCode =
  | 'not-an-object'
  | 'unknown-kind'
  | 'invalid-name'
  | 'unknown-field'
  | 'missing-field'
  | 'wrong-type'
  | 'invalid-value'
  | 'conflicting-fields'
  | 'not-applied'
  | 'kind-not-applied'
  | 'kind-without-meaning';
