import type { UpstreamRequest } from '../../upstream-transport.ts';
import { hasLength } from './call.ts';

const lineBreak = /[\r\n\0]/;

/**
 * The head of an HTTP/1.1 request as text (Latin-1), or undefined when a part has a line break in it, which would begin another
 * header or request. Adds `host` and the framing of the body; like Envoy no `connection` header.
 */
export function requestHead(request: UpstreamRequest): string | undefined {
  const { method, path, authority, headers, body, upgrade } = request;
  if (lineBreak.test(path) || lineBreak.test(authority) || path.includes(' ')) return undefined;
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] as string;
    if (lineBreak.test(value)) return undefined;
    head += `${headers[i]}: ${value}\r\n`;
  }
  if (upgrade !== undefined) head += `connection: Upgrade\r\nupgrade: ${upgrade}\r\n`;
  if (!hasLength(headers)) {
    if (body !== undefined) head += 'transfer-encoding: chunked\r\n';
    else if (mayHaveBody(method)) head += 'content-length: 0\r\n';
  }
  return `${head}\r\n`;
}

// A request without body says so where one is expected (RFC 9110 section 8.6).
function mayHaveBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'DELETE' && method !== 'TRACE' && method !== 'CONNECT';
}
