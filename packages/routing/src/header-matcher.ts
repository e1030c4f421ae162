import type { HeaderMatcher } from '@heddle/envoy-api/route';
import { asciiLower } from './ascii.ts';
import { byteString } from './byte-string.ts';
import { compileRegex } from './regex.ts';
import { matchedValues, type RequestView } from './request-view.ts';
import { compileStringMatcher } from './string-matcher.ts';

/**
 * Compiles `envoy.config.route.v3.HeaderMatcher`. Of a repeated header one matching value is enough. A missing header matches nothing, inverted or not, unless
 * `treat_missing_header_as_empty` is set or presence itself is what is asked.
 */
export function compileHeaderMatcher(matcher: HeaderMatcher): (request: RequestView) => boolean {
  const name = asciiLower(matcher.name);
  const { invertMatch, treatMissingHeaderAsEmpty, headerMatchSpecifier: specifier } = matcher;
  if (specifier.case === undefined || specifier.case === 'presentMatch') {
    const wanted = (specifier.case === undefined ? true : specifier.value) !== invertMatch;
    return (request) => (treatMissingHeaderAsEmpty || matchedValues(request, name).length > 0) === wanted;
  }
  const test = compileValueTest(specifier);
  return (request) => {
    const values = matchedValues(request, name);
    if (values.length === 0) return treatMissingHeaderAsEmpty && test('') !== invertMatch;
    return values.some(test) !== invertMatch;
  };
}

type ValueSpecifier = Exclude<HeaderMatcher['headerMatchSpecifier'], { case: undefined } | { case: 'presentMatch' }>;

function compileValueTest(specifier: ValueSpecifier): (value: string) => boolean {
  switch (specifier.case) {
    case 'exactMatch': {
      const wanted = byteString(specifier.value);
      // Envoy: an empty exact_match matches every value.
      return wanted === '' ? () => true : (value) => value === wanted;
    }
    case 'safeRegexMatch': {
      const regex = compileRegex(specifier.value.regex);
      return (value) => regex.matchesWhole(value);
    }
    case 'rangeMatch': {
      const { start, end } = specifier.value;
      return (value) => {
        const number = parseInt64(value);
        return number !== undefined && number >= start && number < end;
      };
    }
    case 'prefixMatch': {
      const wanted = byteString(specifier.value);
      return (value) => value.startsWith(wanted);
    }
    case 'suffixMatch': {
      const wanted = byteString(specifier.value);
      return (value) => value.endsWith(wanted);
    }
    case 'containsMatch': {
      const wanted = byteString(specifier.value);
      return (value) => value.includes(wanted);
    }
    case 'stringMatch':
      return compileStringMatcher(specifier.value);
  }
}

const INT64_TEXT = /^[ \t\n\v\f\r]*([+-]?[0-9]{1,40})[ \t\n\v\f\r]*$/;
const INT64_MAX = 2n ** 63n - 1n;

/** The integer a header value holds (absl::SimpleAtoi): undefined when it is none or does not fit 64 bits. */
function parseInt64(text: string): bigint | undefined {
  const digits = INT64_TEXT.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const value = digits.startsWith('+') ? BigInt(digits.slice(1)) : BigInt(digits);
  return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : value;
}
