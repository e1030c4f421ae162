import type { StringMatcher } from '@heddle/envoy-api/matcher';
import { asciiLower, equalsIgnoreCase } from './ascii.ts';
import { byteString } from './byte-string.ts';
import { compileRegex } from './regex.ts';
import { RoutingError } from './routing-error.ts';

/** Compiles `envoy.type.matcher.v3.StringMatcher`. `ignore_case` does not concern regular expressions, as in Envoy. */
export function compileStringMatcher(matcher: StringMatcher): (value: string) => boolean {
  const { matchPattern, ignoreCase } = matcher;
  switch (matchPattern.case) {
    case 'exact': {
      const wanted = byteString(matchPattern.value);
      return ignoreCase ? (value) => equalsIgnoreCase(value, wanted) : (value) => value === wanted;
    }
    case 'prefix': {
      const wanted = byteString(matchPattern.value);
      return ignoreCase
        ? (value) => equalsIgnoreCase(value.slice(0, wanted.length), wanted)
        : (value) => value.startsWith(wanted);
    }
    case 'suffix': {
      const wanted = byteString(matchPattern.value);
      return ignoreCase
        ? (value) =>
            value.length >= wanted.length && equalsIgnoreCase(value.slice(value.length - wanted.length), wanted)
        : (value) => value.endsWith(wanted);
    }
    case 'contains': {
      const text = byteString(matchPattern.value);
      const wanted = ignoreCase ? asciiLower(text) : text;
      return ignoreCase ? (value) => asciiLower(value).includes(wanted) : (value) => value.includes(wanted);
    }
    case 'safeRegex': {
      const regex = compileRegex(matchPattern.value.regex);
      return (value) => regex.matchesWhole(value);
    }
    case 'custom':
      throw new RoutingError('unsupported', `string matcher extension "${matchPattern.value.name}" is not supported`);
    default:
      throw new RoutingError('invalid-route', 'string matcher has no pattern');
  }
}
