import type { RedirectAction, RouteAction, RouteMatch } from '@heddle/envoy-api/route';
import { byteString } from './byte-string.ts';
import { bareOf } from './path-matcher.ts';
import { compileRegex, type Regex } from './regex.ts';
import { RoutingError } from './routing-error.ts';

/** Gives the path (query included) that replaces the one of the request; undefined when nothing is rewritten. */
export type PathRewrite = (path: string) => string | undefined;

/**
 * Compiles `prefix_rewrite` or `regex_rewrite` of a route action. A prefix rewrite replaces what the route matched: its prefix, its exact
 * path, or the whole path without query for a regular expression; a regex rewrite looks at the whole path without query.
 */
export function compilePathRewrite(match: RouteMatch, action: RouteAction): PathRewrite | undefined {
  if (action.pathRewritePolicy !== undefined || action.pathRewrite !== '') {
    throw new RoutingError('unsupported', 'path_rewrite and path_rewrite_policy are not supported');
  }
  if (action.prefixRewrite !== '' && action.regexRewrite !== undefined) {
    throw new RoutingError('invalid-route', 'route has both prefix_rewrite and regex_rewrite, wanted one');
  }
  if (action.prefixRewrite !== '') return prefixRewrite(match, byteString(action.prefixRewrite));
  if (action.regexRewrite === undefined) return undefined;
  const { pattern, substitution } = action.regexRewrite;
  const replace = regexRewrite(compileRegex(pattern?.regex ?? ''), substitution);
  return (path) => replace(path);
}

/** Compiles the rewriting half of a redirect: `prefix_rewrite` or `regex_rewrite`. A regex that leaves nothing rewrites nothing. */
export function compileRedirectPathRewrite(match: RouteMatch, action: RedirectAction): PathRewrite | undefined {
  const { pathRewriteSpecifier: specifier } = action;
  switch (specifier.case) {
    case 'prefixRewrite':
      return specifier.value === '' ? undefined : prefixRewrite(match, byteString(specifier.value));
    case 'regexRewrite': {
      const regex = compileRegex(specifier.value.pattern?.regex ?? '');
      const { substitution } = specifier.value;
      return (path) => {
        const bare = bareOf(path);
        const rewritten = regex.replaceAll(bare, substitution);
        return rewritten === '' ? undefined : rewritten + path.slice(bare.length);
      };
    }
    case 'pathRewrite':
      throw new RoutingError('unsupported', 'path_rewrite of a redirect is not supported');
    default:
      return undefined;
  }
}

function prefixRewrite(match: RouteMatch, rewrite: string): PathRewrite {
  const { pathSpecifier: specifier } = match;
  switch (specifier.case) {
    case 'prefix':
    case 'path':
    case 'pathSeparatedPrefix': {
      const { length } = byteString(specifier.value);
      return (path) => rewrite + path.slice(length);
    }
    default:
      return (path) => rewrite + path.slice(bareOf(path).length);
  }
}

function regexRewrite(regex: Regex, substitution: string): PathRewrite {
  return (path) => {
    const bare = bareOf(path);
    return regex.replaceAll(bare, substitution) + path.slice(bare.length);
  };
}
