import { HttpProtocolOptions_HeadersWithUnderscoresAction as UnderscoresAction } from '@heddle/envoy-api/core';
import type { HttpConnectionManager } from '@heddle/envoy-api/http-connection-manager';
import { hasHeader, normalizePath, type RequestView, requestView, setHeader } from '@heddle/routing';
import { answered } from './answered.ts';
import type { RequestToExplain } from './explain-request.ts';
import type { Answered, Step } from './explanation.ts';

// What Envoy accepts as a Host: RFC 3986 authority characters; spaces, slashes and controls are refused.
const VALID_AUTHORITY = /^[\w\-.~%!$&'()*+,;=:@[\]]*$/;

/** What the connection manager makes of a request before it looks for a route; an answer where it gets no further. */
export function readRequest(
  manager: HttpConnectionManager,
  request: RequestToExplain,
  steps: Step[],
): RequestView | Answered {
  const notes: string[] = [];
  const refuse = (status: number, reason: string, flag = ''): Answered => {
    steps.push({ step: 'connection manager', passed: false, name: '', reason, notes: [], near: [] });
    return answered(status, flag, reason);
  };
  const common = manager.commonHttpProtocolOptions;
  const headers = request.http === 2 ? [...request.headers] : request.headers.map((text) => text.trim());
  let { authority } = request;
  for (let i = 0; i < headers.length; i += 2) {
    // Over HTTP/2 the authority stands above a Host header (RFC 9113, section 8.3.1).
    if (headers[i] !== 'host' || (request.http === 2 && request.authority !== undefined)) continue;
    authority = authority === undefined ? headers[i + 1] : `${authority},${headers[i + 1]}`;
  }
  const underscored = headers.find((name, index) => index % 2 === 0 && name.includes('_'));
  if (underscored !== undefined) {
    if (common?.headersWithUnderscoresAction === UnderscoresAction.REJECT_REQUEST) {
      return refuse(400, `header "${underscored}" has an underscore, which the listener refuses`, 'DPE');
    }
    if (common?.headersWithUnderscoresAction === UnderscoresAction.DROP_HEADER) {
      for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i]?.includes('_')) headers.splice(i, 2);
      notes.push('headers with underscores are dropped');
    }
  }
  const maxHeaders = common?.maxHeadersCount ?? 100;
  // The Host header counts too.
  if (headers.length / 2 + 1 > maxHeaders) return refuse(431, `more than ${maxHeaders} headers`, 'DPE');
  if (authority === undefined) return refuse(400, 'the request has no Host header');
  if (!VALID_AUTHORITY.test(authority)) return refuse(400, 'the Host header is no host', 'DPE');
  let { path } = request;
  if (request.method !== 'CONNECT') {
    if (!path.startsWith('/')) return refuse(404, 'the path does not begin with a slash');
    const normalized = normalizePath(path, { ...manager, normalizePath: manager.normalizePath ?? false });
    if (normalized.action === 'reject') return refuse(400, 'the path cannot be normalised');
    if (normalized.action === 'redirect') {
      const reason = 'the path has escaped slashes; the client is sent to the path without';
      steps.push({ step: 'connection manager', passed: false, name: '', reason, notes: [], near: [] });
      return { ...answered(307, '', reason), location: normalized.path };
    }
    if (normalized.path !== path) notes.push(`the path is normalised to "${normalized.path}"`);
    path = normalized.path;
  }
  if (manager.useRemoteAddress === true || !hasHeader(headers, 'x-forwarded-proto')) {
    setHeader(headers, 'x-forwarded-proto', request.scheme);
  }
  if (notes.length > 0) {
    steps.push({ step: 'connection manager', passed: true, name: '', reason: 'the request is read', notes, near: [] });
  }
  const scheme = headers[headers.indexOf('x-forwarded-proto') + 1] ?? request.scheme;
  return requestView({ method: request.method, scheme, authority, path, headers });
}
