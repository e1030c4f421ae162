import { RE2JS } from 're2js';
import { byteString } from './byte-string.ts';
import { RoutingError } from './routing-error.ts';

/**
 * A compiled RE2 expression (`envoy.type.matcher.v3.RegexMatcher`). Matching takes time linear in the input, whatever the
 * expression. Input strings hold one byte per character and each byte is a character to the expression, as in Envoy (RE2's Latin-1
 * mode): `.` matches one byte of a UTF-8 sequence.
 */
export interface Regex {
  readonly pattern: string;
  /** Whether the expression matches the whole of `text` (Envoy's full match). */
  matchesWhole(text: string): boolean;
  /**
   * Every non-overlapping match replaced by `substitution`, in which `\1` … `\9` are groups, `\0` is the match and `\\` a backslash
   * (RE2::GlobalReplace).
   */
  replaceAll(text: string, substitution: string): string;
}

/** Largest expression accepted, in characters; RE2 programs grow with the expression and the control plane bounds them too. */
export const MAX_REGEX_LENGTH = 4096;

/**
 * Compiles an RE2 expression.
 * @throws RoutingError `invalid-regex` when RE2 would refuse it or it is longer than {@link MAX_REGEX_LENGTH}.
 */
export function compileRegex(pattern: string): Regex {
  if (pattern === '')
    throw new RoutingError('invalid-regex', 'regular expression is empty, wanted one character at least');
  if (pattern.length > MAX_REGEX_LENGTH) {
    throw new RoutingError(
      'invalid-regex',
      `regular expression is ${pattern.length} characters long, wanted at most ${MAX_REGEX_LENGTH}`,
    );
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(byteString(pattern));
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new RoutingError('invalid-regex', `cannot compile regular expression "${pattern}": ${found}`, '', {
      cause: error,
    });
  }
  return {
    pattern,
    matchesWhole: (text) => compiled.testExact(text),
    replaceAll: (text, substitution) => replaceAll(compiled, text, byteString(substitution)),
  };
}

function replaceAll(compiled: RE2JS, text: string, substitution: string): string {
  const matcher = compiled.matcher(text);
  const groups = compiled.groupCount();
  let out = '';
  let at = 0;
  let lastEnd = -1;
  while (at <= text.length && matcher.find(at)) {
    const start = matcher.start();
    const end = matcher.end();
    out += text.slice(at, start);
    if (start === end && start === lastEnd) {
      // An empty match right after a match replaces nothing; step over one character.
      out += text.slice(start, start + 1);
      at = start + 1;
      continue;
    }
    out += expand(substitution, groups, (group) => {
      const from = matcher.start(group);
      return from < 0 ? '' : text.slice(from, matcher.end(group));
    });
    at = end;
    lastEnd = end;
  }
  return out + text.slice(at);
}

function expand(substitution: string, groups: number, group: (index: number) => string): string {
  return substitution.replace(/\\([0-9\\])/g, (_, what: string) => {
    if (what === '\\') return '\\';
    const index = Number(what);
    return index <= groups ? group(index) : '';
  });
}
