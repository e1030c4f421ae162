import type { StringFormat } from '../schema.ts';
import { re2Problem } from './re2-syntax.ts';

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
