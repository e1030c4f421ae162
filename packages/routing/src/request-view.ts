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
  /**
   * All values of a header joined by `,` (as Envoy matches repeated headers); undefined when absent. `name` is lower-case and never a
   * pseudo-header.
   */
  header(name: string): string | undefined;
  /** The client certificate of the connection, where the connection has TLS. */
  readonly clientCertificate?: { readonly presented: boolean; readonly validated: boolean };
}

/** The value a header matcher or a formatter reads: pseudo-headers (`:path`, `:authority`, `host` …) included. */
export function requestHeader(request: RequestView, name: string): string | undefined {
  switch (name) {
    case ':path':
      return request.path === '' ? undefined : request.path;
    case ':authority':
    case 'host':
      return request.authority === '' ? undefined : request.authority;
    case ':method':
      return request.method;
    case ':scheme':
      return request.scheme === '' ? undefined : request.scheme;
    default:
      return request.header(name);
  }
}
