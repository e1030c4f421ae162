import type { AnyMeshObject, DiagnosticCode, FieldPath } from '@heddle/model';
import type { MeshIndex } from './mesh-index.ts';

/** What a rule found: a diagnostic without the code, which is the rule's. */
export interface Finding {
  readonly object: AnyMeshObject;
  /** From the object's root; empty for the object as a whole. */
  readonly path: FieldPath;
  /** What was found and what was wanted, one sentence without position and object. */
  readonly message: string;
  /** What it does to traffic. */
  readonly effect: string;
  /** What to do about it. */
  readonly fix: string;
}

/** One thing that can be wrong with objects. Pure: it looks at the mesh and at nothing else. */
export interface AnalysisRule {
  /** Kebab-case, unique: the folder of its fixtures and its name in lists. */
  readonly name: string;
  /** What its findings are reported as. Several rules may share a code: that of Istio's analyzer where the meaning is the same. */
  readonly code: DiagnosticCode;
  /** `object`: every object can be judged by itself, as `heddle validate` does; `mesh`: it takes the others. */
  readonly scope: 'object' | 'mesh';
  /** What it looks for, in a sentence for lists. */
  readonly about: string;
  readonly check: (mesh: MeshIndex) => Iterable<Finding>;
}
