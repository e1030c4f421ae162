import { compareText, type FieldPath, type Origin } from '@heddle/model';
import { originIn } from '../delegates/delegation.ts';
import type { HttpMatch, HttpRoute, VirtualService } from '../mesh-objects.ts';
import { stringCondition } from './string-match.ts';

/** The rule and the match that a route was made of. */
export interface WrittenRule {
  /** In which the rule stands, its delegates' rules included. */
  readonly virtualService: VirtualService;
  readonly rule: HttpRoute;
  /** Undefined for a rule without matches. */
  readonly match: HttpMatch | undefined;
  /** Of the rule. */
  readonly path: FieldPath;
  /** Of the match, or of the rule where there is none. */
  readonly matchPath: FieldPath;
}

/** One field of a match that asks something of the request's headers. */
export interface HeaderCondition {
  /** From the match. */
  readonly field: FieldPath;
  /** Header or pseudo-header. */
  readonly name: string;
  readonly value: HttpMatch['method'];
  readonly inverted: boolean;
}

/** What a match asks of headers, in the order in which the route's `match.headers` has it. */
export function headerConditions(match: HttpMatch | undefined): readonly HeaderCondition[] {
  const conditions: HeaderCondition[] = [];
  for (const [name, value] of sortedEntries(match?.headers))
    conditions.push({ field: ['headers', name], name, value, inverted: false });
  for (const [name, value] of sortedEntries(match?.withoutHeaders))
    conditions.push({ field: ['withoutHeaders', name], name, value, inverted: true });
  for (const field of ['method', 'authority', 'scheme'] as const) {
    const value = match?.[field];
    if (value !== undefined) conditions.push({ field: [field], name: `:${field}`, value, inverted: false });
  }
  return conditions;
}

/** The entries of a map in an order that does not depend on how it was written. */
export function sortedEntries<V>(record: Readonly<Record<string, V>> | undefined): readonly (readonly [string, V])[] {
  return Object.entries(record ?? {}).sort(([a], [b]) => compareText(a, b));
}

/** The path specifier that `uri` becomes. */
const PATH_SPECIFIERS = { exact: 'path', prefix: 'prefix', regex: 'safeRegex', present: 'prefix' } as const;

/**
 * Where the conditions, rewrites, limits and header operations of a route are written, by path within the route. Put together only when
 * somebody asks.
 */
export function* ruleOrigins({
  virtualService,
  rule,
  match,
  path,
  matchPath,
}: WrittenRule): Generator<readonly [path: string, origin: Origin]> {
  const inMatch = (...field: FieldPath): Origin => originIn(virtualService, [...matchPath, ...field]);
  const inRule = (...field: FieldPath): Origin => originIn(virtualService, [...path, ...field]);
  if (match?.uri !== undefined) yield [`match.${PATH_SPECIFIERS[stringCondition(match.uri).kind]}`, inMatch('uri')];
  for (const [index, { field }] of headerConditions(match).entries())
    yield [`match.headers[${index}]`, inMatch(...field)];
  if (match?.queryParams !== undefined) yield ['match.queryParameters', inMatch('queryParams')];
  const { rewrite } = rule;
  if (rewrite?.uri !== undefined) yield ['route.prefixRewrite', inRule('rewrite', 'uri')];
  if (rewrite?.uriRegexRewrite !== undefined) yield ['route.regexRewrite', inRule('rewrite', 'uriRegexRewrite')];
  if (rewrite?.authority !== undefined) yield ['route.hostRewriteLiteral', inRule('rewrite', 'authority')];
  if (rule.timeout !== undefined) yield ['route.timeout', inRule('timeout')];
  if (rule.retries !== undefined) yield ['route.retryPolicy', inRule('retries')];
  if (rule.headers?.request !== undefined) yield ['requestHeadersToAdd', inRule('headers', 'request')];
  if (rule.headers?.response !== undefined) yield ['responseHeadersToAdd', inRule('headers', 'response')];
}
