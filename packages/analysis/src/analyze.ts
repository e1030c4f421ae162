import {
  compareDiagnostics,
  type Diagnostic,
  type DiagnosticCode,
  diagnostic,
  type MeshSnapshot,
  type ResourceRef,
  refOf,
} from '@heddle/model';
import { analysisRules } from './analysis-rules.ts';
import { type MeshFacts, MeshIndex } from './mesh-index.ts';
import type { AnalysisRule } from './rule.ts';

/** See {@link analyze}. */
export interface AnalyzeOptions extends MeshFacts {
  /** `object`: only what can be judged of every object by itself. Default `mesh`: everything. */
  readonly scope?: AnalysisRule['scope'];
  /** The rules to run. Default {@link analysisRules}. */
  readonly rules?: readonly AnalysisRule[];
  /** What is not wanted to be heard of. */
  readonly suppress?: readonly Suppression[];
}

/** Leaves out findings of one code about some objects. */
export interface Suppression {
  readonly code: DiagnosticCode;
  /** Undefined: of every kind. */
  readonly kind?: string;
  /** `*` stands for any text; undefined: every object. */
  readonly namespace?: string;
  readonly name?: string;
}

/**
 * What is wrong with the objects of a snapshot: what reading them found, and what the rules find, each with its place in the files where
 * that is known, errors first. Pure, and never throws for what a user wrote.
 */
export function analyze(snapshot: MeshSnapshot, options: AnalyzeOptions = {}): readonly Diagnostic[] {
  const { rules = analysisRules, scope = 'mesh', suppress = [] } = options;
  const mesh = new MeshIndex(snapshot, options);
  const found: Diagnostic[] = [...snapshot.diagnostics];
  for (const rule of rules) {
    if (scope === 'object' && rule.scope !== 'object') continue;
    for (const { object, ...finding } of rule.check(mesh)) {
      found.push(diagnostic(rule.code, { resource: refOf(object), ...finding }));
    }
  }
  return found
    .map((one) => snapshot.located(one))
    .filter((one) => !suppress.some((wish) => isSuppressed(one, wish)))
    .sort(compareDiagnostics);
}

/** Whether a finding is one that the suppression leaves out. */
export function isSuppressed({ code, resource }: Diagnostic, wish: Suppression): boolean {
  if (code !== wish.code) return false;
  if (wish.kind === undefined) return true;
  return resource !== undefined && resource.kind === wish.kind && nameFits(resource, wish);
}

function nameFits(resource: ResourceRef, { namespace, name }: Suppression): boolean {
  return (
    (namespace === undefined || fits(resource.namespace, namespace)) &&
    (name === undefined || fits(resource.name, name))
  );
}

/** Whether a text fits a pattern in which `*` stands for any text. Takes time linear in both for each `*`. */
function fits(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === first;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
