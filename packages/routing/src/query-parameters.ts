import type { QueryParameterMatcher } from '@heddle/envoy-api/route';
import { byteString } from './byte-string.ts';
import { compileStringMatcher } from './string-matcher.ts';

/**
 * The first value of each query parameter of a path, undecoded, as Envoy reads them: split at `&`, then at the first `=`; a
 * parameter without `=` has the empty value.
 */
export function parseQueryParameters(path: string): Map<string, string> {
  const parameters = new Map<string, string>();
  const question = path.indexOf('?');
  if (question < 0) return parameters;
  for (const part of path.slice(question + 1).split('&')) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    if (!parameters.has(name)) parameters.set(name, equals < 0 ? '' : part.slice(equals + 1));
  }
  return parameters;
}

/** Compiles `envoy.config.route.v3.QueryParameterMatcher`: presence, or a test of the first value. */
export function compileQueryParameterMatcher(
  matcher: QueryParameterMatcher,
): (parameters: ReadonlyMap<string, string>) => boolean {
  const { queryParameterMatchSpecifier: specifier } = matcher;
  const name = byteString(matcher.name);
  if (specifier.case !== 'stringMatch') {
    const wanted = specifier.case === undefined ? true : specifier.value;
    return (parameters) => parameters.has(name) === wanted;
  }
  const test = compileStringMatcher(specifier.value);
  return (parameters) => {
    const value = parameters.get(name);
    return value !== undefined && test(value);
  };
}
