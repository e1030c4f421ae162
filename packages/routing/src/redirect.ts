import type { RedirectAction, RouteMatch } from '@heddle/envoy-api/route';
import { byteString } from './byte-string.ts';
import { compileRedirectPathRewrite } from './path-rewrite.ts';
import type { RequestView } from './request-view.ts';

/** A compiled `envoy.config.route.v3.RedirectAction`. */
export interface Redirect {
  /** 301, 302, 303, 307 or 308. */
  readonly status: number;
  /** The value of the Location header for a request. */
  location(request: RequestView): string;
}

// By number of RedirectAction.RedirectResponseCode.
const STATUS = [301, 302, 303, 307, 308];

/** Compiles a redirect: each part of the location is the action's where it names one, else the request's. */
export function compileRedirect(match: RouteMatch, action: RedirectAction): Redirect {
  const rewrite = compileRedirectPathRewrite(match, action);
  const { schemeRewriteSpecifier: scheme, pathRewriteSpecifier: pathSpecifier } = action;
  const pathRedirect = pathSpecifier.case === 'pathRedirect' ? byteString(pathSpecifier.value) : '';
  const newScheme =
    scheme.case === 'schemeRedirect' && scheme.value !== ''
      ? scheme.value
      : scheme.case === 'httpsRedirect' && scheme.value
        ? 'https'
        : undefined;
  const hostRedirect = byteString(action.hostRedirect);
  const newPort = action.portRedirect === 0 ? '' : `:${action.portRedirect}`;
  return {
    status: STATUS[action.responseCode] ?? 301,
    location(request) {
      const finalScheme = newScheme ?? request.scheme;
      const host = hostRedirect === '' ? requestHost(request, finalScheme, newPort !== '') : hostRedirect;
      const requestPath = rewrite?.(request.path) ?? request.path;
      const path = redirectPath(requestPath, pathRedirect, action.stripQuery);
      return `${finalScheme}://${host}${newPort}${path}`;
    },
  };
}

/** The location a virtual host with `require_tls` sends plain requests to, with status 301: all but the scheme as it was. */
export function tlsRedirectLocation(request: RequestView): string {
  return `https://${request.authority}${request.path}`;
}

function redirectPath(requestPath: string, pathRedirect: string, stripQuery: boolean): string {
  const hasQuery = pathRedirect.includes('?');
  let path = requestPath;
  if (pathRedirect !== '') {
    const question = requestPath.indexOf('?');
    path = hasQuery || question < 0 ? pathRedirect : pathRedirect + requestPath.slice(question);
  }
  if (!path.startsWith('/')) path = `/${path}`;
  // A query of path_redirect itself is never stripped.
  if (stripQuery && !hasQuery) {
    const question = path.indexOf('?');
    if (question >= 0) path = path.slice(0, question);
  }
  return path;
}

/**
 * The host of the request, without a port that the redirect replaces, and without the default port of the scheme it came by when the
 * scheme changes.
 */
function requestHost(request: RequestView, scheme: string, portReplaced: boolean): string {
  const { authority } = request;
  const bracket = authority.startsWith('[') ? authority.lastIndexOf(']:') : -1;
  const colon = authority.startsWith('[') ? (bracket < 0 ? -1 : bracket + 1) : authority.lastIndexOf(':');
  if (colon < 0) return authority;
  const port = authority.slice(colon);
  const cameBy = request.header('x-forwarded-proto') ?? request.scheme;
  const isDefault = (cameBy === 'https' && port === ':443') || (cameBy === 'http' && port === ':80');
  return portReplaced || (scheme !== cameBy && isDefault) ? authority.slice(0, colon) : authority;
}
