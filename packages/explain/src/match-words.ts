import type { StringMatcher } from '@heddle/envoy-api/matcher';
import type { HeaderMatcher, QueryParameterMatcher, RouteMatch } from '@heddle/envoy-api/route';

/** One field of a route's match in words: `path begins with "/cart"`, `header x-user is "me"`. */
export function matchWords(match: RouteMatch, field: string): string {
  const index = /^headers\[(\d+)\]$/.exec(field)?.[1];
  if (index !== undefined) {
    const header = match.headers[Number(index)];
    return header === undefined ? field : headerWords(header);
  }
  switch (field) {
    case 'path':
      return `path is "${match.pathSpecifier.value as string}"${caseWords(match)}`;
    case 'prefix':
      return match.pathSpecifier.value === '/' || match.pathSpecifier.value === undefined
        ? 'any path'
        : `path begins with "${match.pathSpecifier.value as string}"${caseWords(match)}`;
    case 'pathSeparatedPrefix':
      return `path is "${match.pathSpecifier.value as string}" or lies below it${caseWords(match)}`;
    case 'safeRegex':
      return match.pathSpecifier.case === 'safeRegex'
        ? `path matches the regular expression ${quoteRegex(match.pathSpecifier.value.regex)}`
        : field;
    case 'queryParameters':
      return match.queryParameters.map(parameterWords).join(' and ');
    case 'connectMatcher':
      return 'method is CONNECT';
    case 'grpc':
      return 'it is gRPC';
    case 'runtimeFraction':
      return 'it belongs to a share of the requests';
    default:
      return field;
  }
}

/** Everything a match asks, in words. */
export function wholeMatchWords(match: RouteMatch, fields: readonly string[]): string {
  const [path = 'prefix', ...others] = fields;
  const words = [matchWords(match, path), ...others.map((field) => matchWords(match, field))];
  return words.filter((text, position) => position > 0 || text !== 'any path' || words.length === 1).join(', ');
}

function caseWords({ caseSensitive }: RouteMatch): string {
  return caseSensitive === false ? ' in any case' : '';
}

function headerWords(header: HeaderMatcher): string {
  const { headerMatchSpecifier: specifier, invertMatch } = header;
  const name = header.name.startsWith(':') ? header.name.slice(1) : `header ${header.name}`;
  switch (specifier.case) {
    case 'stringMatch':
      return `${name} ${stringWords(specifier.value, invertMatch)}`;
    case 'presentMatch':
      return `${name} is ${specifier.value !== invertMatch ? 'present' : 'absent'}`;
    case 'exactMatch':
      return `${name} is${invertMatch ? ' not' : ''} "${specifier.value}"`;
    case undefined:
      return `${name} is ${invertMatch ? 'absent' : 'present'}`;
    default:
      return `${name} ${invertMatch ? 'does not fulfil' : 'fulfils'} ${specifier.case}`;
  }
}

function stringWords({ matchPattern, ignoreCase }: StringMatcher, inverted: boolean): string {
  const anyCase = ignoreCase ? ' in any case' : '';
  switch (matchPattern.case) {
    case 'exact':
      return `is${inverted ? ' not' : ''} "${matchPattern.value}"${anyCase}`;
    case 'prefix':
      return `${inverted ? 'does not begin' : 'begins'} with "${matchPattern.value}"${anyCase}`;
    case 'suffix':
      return `${inverted ? 'does not end' : 'ends'} with "${matchPattern.value}"${anyCase}`;
    case 'contains':
      return `${inverted ? 'does not contain' : 'contains'} "${matchPattern.value}"${anyCase}`;
    case 'safeRegex':
      return `${inverted ? 'does not match' : 'matches'} the regular expression ${quoteRegex(matchPattern.value.regex)}`;
    default:
      return `${inverted ? 'does not fulfil' : 'fulfils'} ${matchPattern.case ?? 'nothing'}`;
  }
}

function parameterWords({ name, queryParameterMatchSpecifier: specifier }: QueryParameterMatcher): string {
  return specifier.case === 'stringMatch'
    ? `query parameter ${name} ${stringWords(specifier.value, false)}`
    : `query parameter ${name} is present`;
}

function quoteRegex(regex: string): string {
  return `/${regex.length > 80 ? `${regex.slice(0, 79)}…` : regex}/`;
}
