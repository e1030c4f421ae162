import { encodeGrpcMessage, grpcStatusOf } from './grpc-status.ts';
import type { HeaderList } from './header-list.ts';

const encoder = new TextEncoder();

/** A response of the gateway's own making. */
export interface LocalReply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array | undefined;
}

/**
 * Builds a local reply as Envoy does: `text/plain` with a length, or for gRPC requests status 200 and the error in
 * `grpc-status` and `grpc-message`.
 */
export function localReply(status: number, body: string, isGrpc: boolean, extra: HeaderList = []): LocalReply {
  if (isGrpc) {
    const headers = [...extra, 'content-type', 'application/grpc', 'grpc-status', String(grpcStatusOf(status))];
    if (body !== '') headers.push('grpc-message', encodeGrpcMessage(body));
    return { status: 200, headers, body: undefined };
  }
  if (body === '') return { status, headers: extra, body: undefined };
  const bytes = encoder.encode(body);
  return {
    status,
    headers: [...extra, 'content-length', String(bytes.byteLength), 'content-type', 'text/plain'],
    body: bytes,
  };
}
