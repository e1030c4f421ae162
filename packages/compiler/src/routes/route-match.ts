import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteMatchSchema } from '@heddle/envoy-api/route';
import type { HttpMatch } from '../mesh-objects.ts';
import { headerConditions, sortedEntries } from './rule-origins.ts';
import { headerMatcher, queryParameterMatcher, stringCondition } from './string-match.ts';

/** A route's conditions, with what the rest of the compiler needs to know of them. */
export interface CompiledMatch {
  readonly match: MessageInitShape<typeof RouteMatchSchema>;
  /** Every request fulfils it. */
  readonly catchAll: boolean;
  /** The path as Istio writes it in a route's decorator: `/cart*` for a prefix. */
  readonly pathLabel: string;
}

/** The conditions of one `http[].match[]`, or of a route without any. */
export function compileMatch(match: HttpMatch | undefined): CompiledMatch {
  const headers = headerConditions(match).map(({ name, value, inverted }) => headerMatcher(name, value, inverted));
  const queryParameters = sortedEntries(match?.queryParams).map(([name, value]) => queryParameterMatcher(name, value));

  const path = pathSpecifier(match);
  const unconditional = headers.length === 0 && queryParameters.length === 0;
  const everyPath =
    (path.case === 'prefix' && path.value === '/') || (path.case === 'safeRegex' && path.value.regex === '.*');
  return {
    match: {
      pathSpecifier: path,
      ...(match?.ignoreUriCase === true ? { caseSensitive: false } : {}),
      headers,
      queryParameters,
    },
    catchAll: unconditional && everyPath,
    pathLabel: path.case === 'safeRegex' ? path.value.regex : path.case === 'path' ? path.value : `${path.value}*`,
  };
}

type PathSpecifier = { case: 'path' | 'prefix'; value: string } | { case: 'safeRegex'; value: { regex: string } };

function pathSpecifier(match: HttpMatch | undefined): PathSpecifier {
  const condition = match?.uri === undefined ? undefined : stringCondition(match.uri);
  switch (condition?.kind) {
    case 'exact':
      return { case: 'path', value: condition.text };
    case 'prefix':
      return { case: 'prefix', value: condition.text };
    case 'regex':
      return { case: 'safeRegex', value: { regex: condition.text } };
    default:
      return { case: 'prefix', value: '/' };
  }
}
