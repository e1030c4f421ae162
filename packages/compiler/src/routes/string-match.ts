import type { MessageInitShape } from '@bufbuild/protobuf';
import type { StringMatcherSchema } from '@heddle/envoy-api/matcher';
import type { HeaderMatcherSchema, QueryParameterMatcherSchema } from '@heddle/envoy-api/route';
import type { StringMatch } from '../mesh-objects.ts';

/** `exact`, `prefix` or `regex` of an Istio StringMatch; `present` for an empty one and for the regex `*`, which is no regex. */
export type StringCondition =
  | { readonly kind: 'exact' | 'prefix' | 'regex'; readonly text: string }
  | { readonly kind: 'present' };

/** Reads a StringMatch as Istio does. An `exact` or `prefix` that is the empty text is a condition of its own, not an absent one. */
export function stringCondition(match: StringMatch | undefined): StringCondition {
  if (match?.exact !== undefined) return { kind: 'exact', text: match.exact };
  if (match?.prefix !== undefined) return { kind: 'prefix', text: match.prefix };
  if (match?.regex !== undefined && match.regex !== '*') return { kind: 'regex', text: match.regex };
  return { kind: 'present' };
}

/** The matcher of a condition on a text. */
export function stringMatcher(
  condition: Exclude<StringCondition, { kind: 'present' }>,
): MessageInitShape<typeof StringMatcherSchema> {
  const { kind, text } = condition;
  if (kind === 'regex') return { matchPattern: { case: 'safeRegex', value: { regex: text } } };
  return { matchPattern: { case: kind, value: text } };
}

export function headerMatcher(
  name: string,
  match: StringMatch | undefined,
  invert = false,
): MessageInitShape<typeof HeaderMatcherSchema> {
  const condition = stringCondition(match);
  if (condition.kind === 'present') {
    return { name, headerMatchSpecifier: { case: 'presentMatch', value: true }, invertMatch: invert };
  }
  return {
    name,
    headerMatchSpecifier: { case: 'stringMatch', value: stringMatcher(condition) },
    invertMatch: invert,
    // A request without the header has not the unwanted value.
    treatMissingHeaderAsEmpty: invert,
  };
}

export function queryParameterMatcher(
  name: string,
  match: StringMatch | undefined,
): MessageInitShape<typeof QueryParameterMatcherSchema> {
  const condition = stringCondition(match);
  return condition.kind === 'present'
    ? { name, queryParameterMatchSpecifier: { case: 'presentMatch', value: true } }
    : { name, queryParameterMatchSpecifier: { case: 'stringMatch', value: stringMatcher(condition) } };
}
