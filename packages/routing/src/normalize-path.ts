import type { HttpConnectionManager } from '@heddle/envoy-api/http-connection-manager';
import { canonicalPath } from './canonical-path.ts';

/** The path settings of an HTTP connection manager; its fields of the same names. */
export interface PathNormalization {
  readonly normalizePath?: boolean | undefined;
  readonly mergeSlashes: boolean;
  readonly pathWithEscapedSlashesAction: HttpConnectionManager['pathWithEscapedSlashesAction'];
}

/** What the connection manager does with a request after looking at its path. */
export type NormalizedPath =
  | { readonly action: 'continue'; readonly path: string }
  /** Answer 400. `path` is as far as it had been changed by then, which is what access logs show. */
  | { readonly action: 'reject'; readonly path: string; readonly details: string }
  /** Answer 307 with `path` (query included) as location. */
  | { readonly action: 'redirect'; readonly path: string };

// Values of HttpConnectionManager.PathWithEscapedSlashesAction; named here so that the matching needs no generated code at run time.
const REJECT_REQUEST = 2;
const UNESCAPE_AND_REDIRECT = 3;
const UNESCAPE_AND_FORWARD = 4;

// A path of these alone is canonical when it holds no dot segment, so most requests end here.
const PLAIN = /^(?:\/[\w\-~!$&'()*+,:;=@[\]]*(?:\.[\w\-~!$&'()*+,:;=@[\].]*)?)*$/;
const DOT_SEGMENT = /\/\.|\/\//;

const DETAILS = 'path_normalization_failed';

/**
 * Normalises the path of a request as Envoy's connection manager does, in its order: a fragment is refused, escaped slashes are
 * looked at, the path is canonicalised, slashes are merged. The query string is never touched.
 *
 * @param path path with query string, one byte per character
 */
export function normalizePath(path: string, options: PathNormalization): NormalizedPath {
  if (path === '') return { action: 'continue', path };
  if (path.includes('#')) return { action: 'reject', path, details: DETAILS };
  const question = path.indexOf('?');
  const bare = question < 0 ? path : path.slice(0, question);
  if (PLAIN.test(bare) && !DOT_SEGMENT.test(bare)) return { action: 'continue', path };

  const query = question < 0 ? '' : path.slice(question);
  let current = bare;
  let redirect = false;
  const escapedSlashes = options.pathWithEscapedSlashesAction as number;
  if (escapedSlashes >= REJECT_REQUEST && escapedSlashes <= UNESCAPE_AND_FORWARD) {
    const unescaped = unescapeSlashes(current);
    if (unescaped !== current) {
      if (escapedSlashes === REJECT_REQUEST) return { action: 'reject', path: unescaped + query, details: DETAILS };
      redirect = escapedSlashes === UNESCAPE_AND_REDIRECT;
      current = unescaped;
    }
  }
  if (options.normalizePath) {
    current = stripDotSegmentParameters(current);
    const canonical = canonicalPath(current);
    if (canonical === undefined) return { action: 'reject', path: current + query, details: DETAILS };
    current = canonical;
  }
  if (options.mergeSlashes) current = mergeSlashes(current);
  return { action: redirect ? 'redirect' : 'continue', path: current + query };
}

function unescapeSlashes(path: string): string {
  return path.replace(/%(?:2f|5c)/gi, (escaped) => (escaped[1] === '2' ? '/' : '\\'));
}

// `/a/..;x/b` is `/b` to servers that drop path parameters; Envoy 1.40 drops them from dot segments before it resolves these.
function stripDotSegmentParameters(path: string): string {
  if (!path.includes('.;')) return path;
  return path
    .split('/')
    .map((segment) => (segment.startsWith('..;') ? '..' : segment.startsWith('.;') ? '.' : segment))
    .join('/');
}

function mergeSlashes(path: string): string {
  if (!path.includes('//')) return path;
  const merged = path.replace(/\/{2,}/g, '/');
  // Envoy writes the leading and the trailing slash of a path of slashes alone both.
  return merged === '/' ? '//' : merged;
}
