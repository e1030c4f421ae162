/** The gRPC status that stands for an HTTP status (gRPC, "HTTP to gRPC Status Code Mapping"). */
export function grpcStatusOf(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

// In the order of the gRPC statuses, from OK to UNAUTHENTICATED.
const HTTP_OF_GRPC: readonly number[] = '200 499 500 400 504 404 409 403 429 400 409 400 501 500 503 500 401'
  .split(' ')
  .map(Number);

/** The HTTP status that stands for a gRPC status, as Envoy tells failures by it; 500 for what is none. */
export function httpStatusOf(grpcStatus: string): number {
  return (/^\d{1,2}$/.test(grpcStatus) ? HTTP_OF_GRPC[Number(grpcStatus)] : undefined) ?? 500;
}

/** Percent-encodes a `grpc-message` (gRPC over HTTP/2, "Responses"). The text holds one byte per character. */
export function encodeGrpcMessage(message: string): string {
  return message.replace(/[^\x20-\x24\x26-\x7e]/g, (char) => {
    const hex = char.charCodeAt(0).toString(16).toUpperCase();
    return hex.length < 2 ? `%0${hex}` : `%${hex}`;
  });
}
