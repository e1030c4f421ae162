import type { StringFormat } from '../schema.ts';
import { re2Problem } from './re2-syntax.ts';
import { pathText } from './text.ts';

/** Istio refuses longer ones. */
const MAX_LENGTH = 1024;

/** An RE2 regular expression that Envoy compiles (https://github.com/google/re2/wiki/Syntax). */
export const regularExpression: StringFormat = {
  name: 'regular-expression',
  check: (text) => {
    if (text === '') return 'a regular expression';
    if (text.length > MAX_LENGTH) return `a regular expression of at most ${MAX_LENGTH} characters`;
    const problem = re2Problem(text);
    return problem === undefined ? undefined : `an RE2 regular expression: ${problem}`;
  },
};

/** Like {@link regularExpression}; `*` alone stands for "present" (Istio's `withoutHeaders`). */
export const regularExpressionOrStar: StringFormat = {
  name: 'regular-expression-or-star',
  check: (text) => (text === '*' ? undefined : regularExpression.check(text)),
};

/** What replaces the matches of an expression (RE2's `GlobalReplace`): `\0` to `\9` are its groups, `\\` is a backslash. */
export const regexSubstitution: StringFormat = {
  name: 'regex-substitution',
  check: (text) =>
    pathText.check(text) ??
    (/^(?:[^\\]|\\[0-9\\])*$/.test(text) ? undefined : 'a digit or another "\\" after each "\\"'),
};

/** The highest group that a {@link regexSubstitution} mentions. */
export function highestGroup(substitution: string): number {
  const mentioned = [...substitution.matchAll(/\\([0-9\\])/g)].map(([, what]) => (what === '\\' ? 0 : Number(what)));
  return Math.max(0, ...mentioned);
}
