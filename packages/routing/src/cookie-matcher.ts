import type { CookieMatcher } from '@heddle/envoy-api/route';
import type { RequestView } from './request-view.ts';
import { RoutingError } from './routing-error.ts';
import { compileStringMatcher } from './string-matcher.ts';

/** Compiles `envoy.config.route.v3.CookieMatcher`: a test of the first cookie of that name; a missing cookie fails, or passes inverted. */
export function compileCookieMatcher(matcher: CookieMatcher): (request: RequestView) => boolean {
  const { name, stringMatch, invertMatch } = matcher;
  if (stringMatch === undefined) throw new RoutingError('invalid-route', `cookie matcher "${name}" has no pattern`);
  const test = compileStringMatcher(stringMatch);
  return (request) => {
    const value = cookieOf(request.header('cookie') ?? '', name);
    return (value !== undefined && test(value)) !== invertMatch;
  };
}

function cookieOf(header: string, name: string): string | undefined {
  for (const part of header.split(/[;,]/)) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim() !== name) continue;
    const value = part.slice(equals + 1).trim();
    return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  }
  return undefined;
}
