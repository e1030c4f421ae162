import { encodeGrpcMessage, grpcStatusOf } from './grpc-status.ts';
import { type HeaderList, headerValue, removeHeader, setHeader } from './header-list.ts';

/**
 * What describes the body of a response of the gateway's own making, written after the header operations of a route, as Envoy does:
 * they can choose another `content-type` than `text/plain`, but neither a length nor anything for a body that is not there. A gRPC
 * request gets `grpc-status` (the one given, else the one that stands for the HTTP status) and, instead of the body, `grpc-message`; its
 * HTTP status is 200.
 */
export function describeLocalBody(
  headers: HeaderList,
  status: number,
  body: Uint8Array,
  isGrpc: boolean,
  grpcStatus: number | undefined,
): void {
  if (isGrpc) {
    setHeader(headers, 'content-type', 'application/grpc');
    setHeader(headers, 'grpc-status', String(grpcStatus ?? grpcStatusOf(status)));
    if (body.length > 0) setHeader(headers, 'grpc-message', encodeGrpcMessage(byteText(body)));
  } else if (body.length > 0) {
    setHeader(headers, 'content-length', String(body.length));
    if (headerValue(headers, 'content-type') === undefined) headers.push('content-type', 'text/plain');
  } else {
    removeHeader(headers, 'content-length');
    removeHeader(headers, 'content-type');
  }
}

/** One character per byte. */
function byteText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
