/** A random UUID (version 4), as Envoy writes into `x-request-id`. */
export function requestId(): string {
  return crypto.randomUUID();
}
