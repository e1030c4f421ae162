import type { LocalReply } from './context.ts';
import { grpcStatusOfHttp } from './grpc-status.ts';
import { HeaderList } from './header-map.ts';
import { INLINE_RESPONSE_HEADERS } from './inline-headers.ts';

/**
 * The response that a plugin's answer makes, as Envoy writes it (`Http::Utility::prepareLocalReply`): a body has a length and a type; a gRPC
 * client gets the status and the text in headers, and HTTP status 200.
 *
 * @param isGrpc whether the request is a gRPC call, by its `content-type`
 * @param isHead whether the request's method is HEAD: the body is described, but not sent
 */
export function formatLocalReply(
  reply: LocalReply,
  { isGrpc = false, isHead = false }: { readonly isGrpc?: boolean; readonly isHead?: boolean } = {},
): { readonly headers: HeaderList; readonly body: Uint8Array } {
  const own = reply.headers.filter(([name]) => !name.startsWith(':'));
  const headers = new HeaderList([[':status', String(isGrpc ? 200 : reply.status)], ...own], {
    inline: INLINE_RESPONSE_HEADERS,
  });
  if (isGrpc) {
    headers.replace('content-type', 'application/grpc');
    headers.replace('grpc-status', String(reply.grpcStatus ?? grpcStatusOfHttp(reply.status)));
    if (reply.body.length > 0) headers.replace('grpc-message', percentEncoded(reply.body));
    return { headers, body: new Uint8Array() };
  }
  if (reply.body.length > 0) {
    headers.replace('content-length', String(reply.body.length));
    if (headers.get('content-type') === undefined) headers.add('content-type', 'text/plain');
  } else {
    headers.remove('content-length');
    headers.remove('content-type');
  }
  return { headers, body: isHead ? new Uint8Array() : reply.body };
}

/** As `grpc-message` wants it (gRPC over HTTP/2, "Responses"). */
function percentEncoded(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    text += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
