import type { CookieMatcher } from '@heddle/envoy-api/route';
import { byteString } from './byte-string.ts';
import { matchedValues, type RequestView } from './request-view.ts';
import { RoutingError } from './routing-error.ts';
import { compileStringMatcher } from './string-matcher.ts';

/** Compiles `envoy.config.route.v3.CookieMatcher`: a test of the first cookie of that name; a missing cookie fails, or passes inverted. */
export function compileCookieMatcher(matcher: CookieMatcher): (request: RequestView) => boolean {
  const { stringMatch, invertMatch } = matcher;
  const name = byteString(matcher.name);
  if (stringMatch === undefined) throw new RoutingError('invalid-route', `cookie matcher "${name}" has no pattern`);
  const test = compileStringMatcher(stringMatch);
  return (request) => {
    const value = cookieValue(matchedValues(request, 'cookie').join(';'), name);
    return (value !== undefined && test(value)) !== invertMatch;
  };
}

/** The value of the first cookie of that name in a `cookie` header, without quotes around it; several headers are joined by `;`. */
export function cookieValue(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const cookie = part.trimStart();
    const equals = cookie.indexOf('=');
    if (equals < 0 || cookie.slice(0, equals) !== name) continue;
    const value = cookie.slice(equals + 1);
    return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  }
  return undefined;
}
