import type { RouteMatch } from '@heddle/envoy-api/route';
import { asciiLower } from './ascii.ts';
import { byteString } from './byte-string.ts';
import { compileRegex } from './regex.ts';
import { RoutingError } from './routing-error.ts';

/** A compiled path specifier of a route match. Tests take the path without query. */
export type PathMatcher =
  | { readonly kind: 'exact' | 'prefix' | 'separated-prefix'; readonly text: string; readonly caseSensitive: boolean }
  | { readonly kind: 'regex'; matchesWhole(path: string): boolean }
  | { readonly kind: 'connect' };

/** Compiles the path specifier of `envoy.config.route.v3.RouteMatch`. */
export function compilePathMatcher(match: RouteMatch): PathMatcher {
  const { pathSpecifier: specifier } = match;
  const caseSensitive = match.caseSensitive ?? true;
  const textual = (kind: 'exact' | 'prefix' | 'separated-prefix', text: string): PathMatcher => ({
    kind,
    text: caseSensitive ? byteString(text) : asciiLower(byteString(text)),
    caseSensitive,
  });
  switch (specifier.case) {
    case 'path':
      return textual('exact', specifier.value);
    case 'prefix':
      return textual('prefix', specifier.value);
    case 'pathSeparatedPrefix':
      return textual('separated-prefix', specifier.value);
    case 'safeRegex':
      return { kind: 'regex', matchesWhole: compileRegex(specifier.value.regex).matchesWhole };
    case 'connectMatcher':
      return { kind: 'connect' };
    case 'pathMatchPolicy':
      throw new RoutingError('unsupported', `path matcher extension "${specifier.value.name}" is not supported`);
    default:
      throw new RoutingError('invalid-route', 'route match has no path specifier');
  }
}

/** A path ready for matching; the lower-cased form is made when the first matcher needs it. */
export interface MatchablePath {
  readonly path: string;
  readonly lower: () => string;
}

/** Whether a textual or regular expression matcher accepts a path without query. */
export function matchesPath(matcher: Exclude<PathMatcher, { kind: 'connect' }>, path: MatchablePath): boolean {
  if (matcher.kind === 'regex') return matcher.matchesWhole(path.path);
  const subject = matcher.caseSensitive ? path.path : path.lower();
  if (matcher.kind === 'exact') return subject === matcher.text;
  if (!subject.startsWith(matcher.text)) return false;
  if (matcher.kind === 'prefix') return true;
  return subject.length === matcher.text.length || subject[matcher.text.length] === '/';
}

/** The part of a `:path` that matching looks at: no query, no fragment. */
export function bareOf(path: string): string {
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code === 0x3f || code === 0x23) return path.slice(0, i);
  }
  return path;
}
