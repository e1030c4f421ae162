import { isJoinedHeader } from './joined-headers.ts';
import { headerValues, joinedHeader, joinValues } from './raw-headers.ts';

/**
 * A request as route matching sees it: after the HTTP connection manager normalised the path, before any rewrite. Strings hold one
 * byte per character (Latin-1), as node:http and Envoy's header maps give them.
 */
export interface RequestView {
  readonly method: string;
  /** `http` or `https`: the scheme of the request (`:scheme`), not of the connection. */
  readonly scheme: string;
  /** The Host or `:authority` value, port included. */
  readonly authority: string;
  /** Path with query string, as in `:path`; empty for a CONNECT request without a path. */
  readonly path: string;
  /** All values of a header joined by `,`; undefined when absent. `name` is lower-case and never a pseudo-header. */
  header(name: string): string | undefined;
  /**
   * The values of a header one by one, as Envoy matches repeated headers: one that matches is enough. Left out, every header is taken to
   * have the one value that `header` gives.
   */
  headerValues?(name: string): readonly string[];
  /** The client certificate of the connection, where the connection has TLS. */
  readonly clientCertificate?: { readonly presented: boolean; readonly validated: boolean };
}

/** A {@link RequestView} of raw headers: name, value, name, value …; names lower-case, without pseudo-headers. */
export function requestView(
  request: Pick<RequestView, 'method' | 'scheme' | 'authority' | 'path'> & { readonly headers: readonly string[] },
): RequestView {
  const { method, scheme, authority, path, headers } = request;
  return {
    method,
    scheme,
    authority,
    path,
    header: (name) => joinedHeader(headers, name),
    headerValues: (name) => {
      const values = headerValues(headers, name);
      return values.length > 1 && isJoinedHeader('request', name) ? [values.reduce(joinValues)] : values;
    },
  };
}

const NONE: readonly string[] = [];

/** The values a header matcher tests: pseudo-headers (`:path`, `:authority`, `host` …) included; none when the header is absent. */
export function matchedValues(request: RequestView, name: string): readonly string[] {
  switch (name) {
    case ':path':
      return request.path === '' ? NONE : [request.path];
    case ':authority':
    case 'host':
      return request.authority === '' ? NONE : [request.authority];
    case ':method':
      return [request.method];
    case ':scheme':
      return request.scheme === '' ? NONE : [request.scheme];
    default: {
      if (request.headerValues !== undefined) return request.headerValues(name);
      const value = request.header(name);
      return value === undefined ? NONE : [value];
    }
  }
}

/** The first value of a header, pseudo-headers included, as `%REQ(…)%` reads it; undefined when absent. */
export function requestHeader(request: RequestView, name: string): string | undefined {
  return matchedValues(request, name)[0];
}
