import type { JsonObject } from '@bufbuild/protobuf';
import { grpcStatusOf } from '@heddle/wasm-host';
import type { Exchange } from '../http/exchange.ts';
import { headerBytes, headerValue, joinedHeaderValue } from '../http/header-list.ts';
import type { ResponseFlag } from '../http/response-flag.ts';
import type { NameKind } from '../tls/subject-alt-names.ts';
import { encodeProperty, jsonProperty, type PropertyValue } from './property-value.ts';

/**
 * What modules may ask of an exchange (Envoy, "Attributes"), as bytes.
 * Undefined for what the gateway does not know.
 */
export function exchangeProperty(exchange: Exchange, path: readonly string[]): Uint8Array | undefined {
  const [first, second = '', ...rest] = path;
  switch (first) {
    case 'request':
      return encodeProperty(requestProperty(exchange, second, rest));
    case 'response':
      return encodeProperty(responseProperty(exchange, second, rest));
    case 'source':
      return encodeProperty(sourceProperty(exchange, second));
    case 'destination':
      return encodeProperty(destinationProperty(exchange, second));
    case 'connection':
      return encodeProperty(connectionProperty(exchange, second));
    case 'upstream':
      return encodeProperty(upstreamProperty(exchange, second));
    case 'xds':
      return encodeProperty(xdsProperty(exchange, second, rest));
    default:
      return undefined;
  }
}

function requestProperty(exchange: Exchange, name: string, rest: readonly string[]): PropertyValue {
  const header = (field: string): string | undefined => headerValue(exchange.requestHeaders, field);
  switch (name) {
    case 'path':
      return exchange.path;
    case 'url_path':
      return exchange.path.split(/[?#]/, 1)[0];
    case 'query':
      return exchange.path.includes('?') ? exchange.path.slice(exchange.path.indexOf('?') + 1).split('#', 1)[0] : '';
    case 'host':
      return exchange.authority;
    case 'scheme':
      return exchange.scheme;
    case 'method':
      return exchange.method;
    case 'referer':
      return header('referer');
    case 'useragent':
      return header('user-agent');
    case 'id':
      return header('x-request-id');
    case 'protocol':
      return exchange.protocol;
    case 'time':
      return BigInt(exchange.startTime) * 1_000_000n;
    case 'duration':
      return exchange.finished ? nanoseconds(performance.now() - exchange.startedAt) : undefined;
    case 'size':
      return BigInt(
        /^\d+$/.test(header('content-length') ?? '') ? (header('content-length') ?? 0) : exchange.bytesReceived,
      );
    case 'total_size':
      return BigInt(exchange.bytesReceived + headerBytes(exchange.requestHeaders));
    case 'headers':
      return rest.length === 1 ? joinedHeaderValue(exchange.requestHeaders, rest[0]?.toLowerCase() ?? '') : undefined;
    default:
      return undefined;
  }
}

function responseProperty(exchange: Exchange, name: string, rest: readonly string[]): PropertyValue {
  switch (name) {
    case 'code':
      return exchange.responseStatus === 0 ? undefined : BigInt(exchange.responseStatus);
    case 'code_details':
      return exchange.responseDetails === '' ? undefined : exchange.responseDetails;
    case 'flags':
      return exchange.responseFlags.reduce((bits, flag) => bits | (1n << BigInt(FLAG_BITS[flag])), 0n);
    case 'grpc_status': {
      if (exchange.responseStatus === 0) return undefined;
      const inTrailers = headerValue(exchange.responseTrailers ?? [], 'grpc-status');
      const inHeaders = headerValue(exchange.responseHeaders, 'grpc-status');
      return BigInt(grpcStatusOf(exchange.responseStatus, inTrailers, inHeaders));
    }
    case 'size':
      return BigInt(exchange.bytesSent);
    case 'total_size':
      return BigInt(exchange.bytesSent + headerBytes(exchange.responseHeaders));
    case 'headers':
      return rest.length === 1 ? joinedHeaderValue(exchange.responseHeaders, rest[0]?.toLowerCase() ?? '') : undefined;
    case 'trailers':
      return rest.length === 1
        ? joinedHeaderValue(exchange.responseTrailers ?? [], rest[0]?.toLowerCase() ?? '')
        : undefined;
    case 'backend_latency':
      return exchange.upstreamServiceTimeMs < 0 ? undefined : nanoseconds(exchange.upstreamServiceTimeMs);
    default:
      return undefined;
  }
}

function sourceProperty(exchange: Exchange, name: string): PropertyValue {
  const { connection, clientAddress } = exchange;
  // The port belongs to the connection; behind a trusted proxy the client's is unknown.
  const port = clientAddress === connection.remoteAddress ? connection.remotePort : 0;
  return addressProperty(name, clientAddress, port);
}

function destinationProperty({ connection }: Exchange, name: string): PropertyValue {
  return addressProperty(name, connection.localAddress, connection.localPort);
}

function connectionProperty({ connection }: Exchange, name: string): PropertyValue {
  const { tls } = connection;
  const namesOf = (kind: NameKind): string | undefined =>
    tls?.peer?.names.find((candidate) => candidate.kind === kind)?.value;
  switch (name) {
    case 'mtls':
      return tls?.peer !== undefined;
    case 'requested_server_name':
      return tls?.serverName ?? '';
    case 'tls_version':
      return tls?.version;
    case 'subject_peer_certificate':
      return tls?.peer?.subject;
    case 'uri_san_peer_certificate':
      return namesOf('URI');
    case 'dns_san_peer_certificate':
      return namesOf('DNS');
    case 'sha256_peer_certificate_digest':
      return tls?.peer?.hash;
    default:
      return undefined;
  }
}

function upstreamProperty({ host, upstreamFailure, attempts }: Exchange, name: string): PropertyValue {
  switch (name) {
    case 'transport_failure_reason':
      return host === undefined ? undefined : (upstreamFailure ?? '');
    case 'request_attempt_count':
      return BigInt(attempts);
    default:
      return host === undefined ? undefined : addressProperty(name, host.address.host, host.address.port);
  }
}

function xdsProperty(exchange: Exchange, name: string, rest: readonly string[]): PropertyValue {
  const route = exchange.route?.route.config;
  switch (name) {
    case 'cluster_name':
      return exchange.clusterName;
    case 'route_name':
      return route?.name;
    case 'virtual_host_name':
      return exchange.route?.virtualHost.config.name;
    case 'route_metadata':
      return rest[0] === 'filter_metadata' && rest[1] !== undefined
        ? jsonProperty(route?.metadata?.filterMetadata[rest[1]], rest.slice(2))
        : undefined;
    case 'listener_direction':
      return BigInt(exchange.listener.trafficDirection);
    case 'node':
      return jsonProperty(exchange.listener.node as JsonObject | undefined, rest);
    default:
      return undefined;
  }
}

function addressProperty(name: string, host: string, port: number): PropertyValue {
  if (name === 'port') return BigInt(port);
  if (name !== 'address') return undefined;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1e6));
}

/** Places of the flags in `response.flags` (Envoy's `CoreResponseFlag`). */
const FLAG_BITS: Readonly<Record<ResponseFlag, number>> = {
  UH: 1,
  UT: 2,
  LR: 3,
  UR: 4,
  UF: 5,
  UC: 6,
  UO: 7,
  NR: 8,
  DI: 9,
  FI: 10,
  DC: 14,
  URX: 15,
  SI: 16,
  DPE: 18,
  UMSDR: 19,
  NFCF: 21,
  DT: 22,
  UPE: 23,
  NC: 24,
};
