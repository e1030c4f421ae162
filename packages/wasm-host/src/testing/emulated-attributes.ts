import { grpcStatusOf } from '../grpc-status.ts';
import { encodeAttribute } from '../stream-attributes.ts';

/** What is known of a stream beside its headers, as it stands. */
export interface StreamFacts {
  /** Nanoseconds since the epoch at which the request began. */
  readonly startNs: bigint;
  /** `HTTP/1.1` or `HTTP/2`. */
  readonly protocol: string;
  /** How long it took; undefined as long as it lasts. */
  readonly durationNs: bigint | undefined;
  /** Of bodies: what has come of the request, and what has gone out of the response. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** 0 as long as there is no response. */
  readonly status: number;
  /** What the response says of itself in `grpc-status`. */
  readonly grpcStatus: { readonly headers: string | undefined; readonly trailers: string | undefined };
  /** `via_upstream`, or what the filter calls its answer. */
  readonly details: string;
  readonly hasReachedUpstream: boolean;
  readonly hasResponseEnded: boolean;
}

/** Addresses and names that requests in unit tests have, where nothing else is said. */
const CLIENT = { address: '127.0.0.1', port: 50_000n };
const SERVER = { address: '127.0.0.1', port: 80n };
const UPSTREAM = { address: '127.0.0.1', port: 8080n };
const EPHEMERAL = 50_001n;

const INBOUND = 1n;

/** What is known of a connection, as it stands. */
export interface ConnectionFacts {
  /** Nanoseconds since the epoch at which it began. */
  readonly startNs: bigint;
  /** What has come from the client, and what has gone out to it. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly isConnected: boolean;
}

type Value = string | bigint | boolean | undefined;

/** An attribute of a plain HTTP request through a listener with one route to one endpoint, in Envoy's serialisation. */
export function emulatedAttribute(facts: StreamFacts, path: readonly string[]): Uint8Array<ArrayBuffer> | undefined {
  const name = path.join('.');
  const value = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name]?.(facts) : undefined;
  return value === undefined ? undefined : encodeAttribute(value);
}

const upstream = (value: Value) => (facts: StreamFacts) => (facts.hasReachedUpstream ? value : undefined);
const answered = (value: (facts: StreamFacts) => Value) => (facts: StreamFacts) =>
  facts.status === 0 ? undefined : value(facts);

const ATTRIBUTES: Readonly<Record<string, (facts: StreamFacts) => Value>> = {
  'request.time': ({ startNs }) => startNs,
  'request.protocol': ({ protocol }) => protocol,
  'request.duration': ({ durationNs }) => durationNs,
  'request.size': ({ requestBytes }) => BigInt(requestBytes),
  'request.total_size': ({ requestBytes }) => BigInt(requestBytes),
  'response.code': answered(({ status }) => BigInt(status)),
  'response.code_details': answered(({ details }) => details),
  'response.flags': () => 0n,
  'response.grpc_status': answered(({ status, grpcStatus }) =>
    BigInt(grpcStatusOf(status, grpcStatus.trailers, grpcStatus.headers)),
  ),
  'response.size': ({ responseBytes }) => BigInt(responseBytes),
  'response.total_size': ({ responseBytes }) => BigInt(responseBytes),
  'response.backend_latency': ({ hasReachedUpstream, hasResponseEnded }) =>
    hasReachedUpstream && hasResponseEnded ? 0n : undefined,
  'connection.id': () => 1n,
  connection_id: () => 1n,
  'connection.mtls': () => false,
  'connection.requested_server_name': () => '',
  'source.address': () => `${CLIENT.address}:${CLIENT.port}`,
  'source.port': () => CLIENT.port,
  'destination.address': () => `${SERVER.address}:${SERVER.port}`,
  'destination.port': () => SERVER.port,
  'upstream.address': upstream(`${UPSTREAM.address}:${UPSTREAM.port}`),
  'upstream.port': upstream(UPSTREAM.port),
  'upstream.local_address': upstream(`${CLIENT.address}:${EPHEMERAL}`),
  'upstream.transport_failure_reason': upstream(''),
  'upstream.locality': upstream(''),
  'upstream.cx_pool_ready_duration': upstream(0n),
  'upstream.num_endpoints': () => 1n,
  'upstream.request_attempt_count': ({ hasReachedUpstream }) => (hasReachedUpstream ? 1n : 0n),
  metadata: () => '',
  'xds.cluster_name': () => 'upstream',
  'xds.cluster_metadata': () => '',
  'xds.route_name': () => 'default',
  'xds.route_metadata': () => '',
  'xds.virtual_host_name': () => 'default',
  'xds.virtual_host_metadata': () => '',
  'xds.filter_chain_name': () => '',
  'xds.listener_metadata': () => '',
  'xds.listener_direction': () => INBOUND,
};

/** An attribute of a plain connection through a listener with a TCP proxy to one endpoint, in Envoy's serialisation. */
export function emulatedConnectionAttribute(
  facts: ConnectionFacts,
  path: readonly string[],
): Uint8Array<ArrayBuffer> | undefined {
  const name = path.join('.');
  const value = Object.hasOwn(CONNECTION_ATTRIBUTES, name) ? CONNECTION_ATTRIBUTES[name]?.(facts) : undefined;
  return value === undefined ? undefined : encodeAttribute(value);
}

const connected = (value: Value) => (facts: ConnectionFacts) => (facts.isConnected ? value : undefined);

const CONNECTION_ATTRIBUTES: Readonly<Record<string, (facts: ConnectionFacts) => Value>> = {
  'request.time': ({ startNs }) => startNs,
  'request.size': ({ receivedBytes }) => BigInt(receivedBytes),
  'response.size': ({ sentBytes }) => BigInt(sentBytes),
  'response.flags': () => 0n,
  'connection.id': () => 1n,
  connection_id: () => 1n,
  'connection.mtls': () => false,
  'connection.requested_server_name': () => '',
  'source.address': () => `${CLIENT.address}:${CLIENT.port}`,
  'source.port': () => CLIENT.port,
  'destination.address': () => `${SERVER.address}:${SERVER.port}`,
  'destination.port': () => SERVER.port,
  'upstream.address': connected(`${UPSTREAM.address}:${UPSTREAM.port}`),
  'upstream.port': connected(UPSTREAM.port),
  'upstream.local_address': connected(`${CLIENT.address}:${EPHEMERAL}`),
  'upstream.transport_failure_reason': () => '',
  'upstream.locality': connected(''),
  'upstream.cx_pool_ready_duration': connected(0n),
  'upstream.num_endpoints': connected(1n),
  'upstream.request_attempt_count': ({ isConnected }) => (isConnected ? 1n : 0n),
  metadata: () => '',
  'xds.cluster_name': connected('tcp'),
  'xds.cluster_metadata': connected(''),
  'xds.filter_chain_name': () => '',
  'xds.listener_metadata': () => '',
  'xds.listener_direction': () => INBOUND,
};
