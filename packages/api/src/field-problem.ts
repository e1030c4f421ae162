/**
 * One thing wrong with a value: where (path from the object's root), what, and what was wanted instead. Stable codes:
 * - `unknown-field`, `missing-field`, `wrong-type`, `invalid-value`, `conflicting-fields`: errors; the object is refused.
 * - `not-applied`: a declared field that is not obeyed yet; a warning, the object is used without it.
 */
export interface FieldProblem {
  readonly code: FieldProblemCode;
  readonly severity: 'error' | 'warning';
  readonly path: readonly (string | number)[];
  /** What was found and what was wanted, in one sentence without the path. */
  readonly message: string;
  /** The replacement for the last path element or value, when one is likely meant (e.g. `hosts` for `hots`). */
  readonly suggestion?: string;
}

export type FieldProblemCode =
  | 'unknown-field'
  | 'missing-field'
  | 'wrong-type'
  | 'invalid-value'
  | 'conflicting-fields'
  | 'not-applied';
