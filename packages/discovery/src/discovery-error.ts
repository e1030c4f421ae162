/** What went wrong with one stream, in gRPC's words. */
export type DiscoveryErrorCode =
  | 'invalid-argument'
  | 'resource-exhausted'
  | 'unavailable'
  | 'deadline-exceeded'
  | 'unimplemented'
  | 'internal';

/** Ends one stream and says why; other streams are untouched. */
export class DiscoveryError extends Error {
  override readonly name = 'DiscoveryError';
  /** Which gRPC status the client sees. */
  readonly code: DiscoveryErrorCode;

  constructor(code: DiscoveryErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** What ends a stream because of something thrown. */
export function asDiscoveryError(error: unknown): DiscoveryError {
  if (error instanceof DiscoveryError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DiscoveryError('internal', `Cannot serve this stream: ${reason}`, { cause: error });
}
