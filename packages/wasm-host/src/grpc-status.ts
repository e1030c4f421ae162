/** gRPC, "HTTP to gRPC Status Code Mapping". */
const STATUSES: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

const UNKNOWN = 2;
const LAST = 16;
const INVALID = -1;

/** The gRPC status that stands for an HTTP status where the response has none (gRPC, "HTTP to gRPC Status Code Mapping"). */
export function grpcStatusOfHttp(status: number): number {
  return STATUSES[status] ?? UNKNOWN;
}

/**
 * The gRPC status of a response, of whatever protocol it is (Envoy, "Attributes": `response.grpc_status`): that of its trailers, else of its
 * headers, else what its HTTP status stands for; -1 for one that is none.
 *
 * @param trailers value of `grpc-status` in the trailers, if it is there
 * @param headers value of `grpc-status` in the headers, if it is there
 */
export function grpcStatusOf(httpStatus: number, trailers: string | undefined, headers: string | undefined): number {
  const said = trailers || headers;
  if (said === undefined || said === '') return grpcStatusOfHttp(httpStatus);
  return /^\d+$/.test(said) && Number(said) <= LAST ? Number(said) : INVALID;
}
