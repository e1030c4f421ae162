import { joinValues } from '@heddle/routing';
import { forwardedClientCertificate } from '../tls/peer-certificate.ts';
import { addressFromForwardedFor, isInRanges, isLoopback } from './address-range.ts';
import type { ConnectionManagerSettings } from './connection-manager-settings.ts';
import type { Exchange } from './exchange.ts';
import { headerValue, joinedHeaderValue, removeHeader, setHeader } from './header-list.ts';
import type { ReceivedHeaders } from './received-headers.ts';
import { requestHeaderKinds as kinds, knownHeader } from './request-header-kind.ts';
import { requestId } from './request-id.ts';

/**
 * Edits the request headers as Envoy's connection manager does before routing: client address, `x-forwarded-*`, request id, what
 * an outsider may not say. Follows "HTTP header manipulation" of Envoy's documentation.
 *
 * @param ownAddress what stands in `x-forwarded-for` for a client on the loopback interface: this machine's address
 */
export function prepareRequestHeaders(
  exchange: Exchange,
  settings: ConnectionManagerSettings,
  received: ReceivedHeaders | undefined,
  ownAddress: string,
): void {
  const headers = exchange.requestHeaders;
  const { connection } = exchange;
  let singleForwardedAddress: boolean;
  let trusted: string | undefined;
  if (settings.useRemoteAddress) {
    const forwardedFor = joinedHeaderValue(headers, 'x-forwarded-for');
    singleForwardedAddress = forwardedFor === undefined;
    if (settings.xffTrustedHops > 0) {
      trusted = addressFromForwardedFor(forwardedFor, settings.xffTrustedHops - 1)?.address;
    }
    trusted ??= connection.remoteAddress;
    if (!settings.skipXffAppend) {
      const peer = isLoopback(connection.remoteAddress) ? ownAddress : connection.remoteAddress;
      if (forwardedFor === undefined) headers.push('x-forwarded-for', peer);
      else setHeader(headers, 'x-forwarded-for', joinValues(forwardedFor, peer));
    }
    if (settings.xffTrustedHops === 0 || headerValue(headers, 'x-forwarded-proto') === undefined) {
      setHeader(headers, 'x-forwarded-proto', connection.secure ? 'https' : 'http');
    }
    if (settings.appendXForwardedPort) {
      if (settings.xffTrustedHops === 0 || headerValue(headers, 'x-forwarded-port') === undefined) {
        setHeader(headers, 'x-forwarded-port', String(connection.localPort));
      }
    }
  } else {
    const found = addressFromForwardedFor(joinedHeaderValue(headers, 'x-forwarded-for'), settings.xffTrustedHops);
    trusted = found?.address;
    singleForwardedAddress = found?.single ?? false;
    const proto = headerValue(headers, 'x-forwarded-proto');
    if (proto === undefined || (proto !== 'http' && proto !== 'https')) {
      setHeader(headers, 'x-forwarded-proto', connection.secure ? 'https' : 'http');
    }
  }
  exchange.scheme = settings.schemeOverwrite ?? (headerValue(headers, 'x-forwarded-proto') as string);
  const isInternal = singleForwardedAddress && trusted !== undefined && isInRanges(trusted, settings.internalRanges);
  const isEdge = !isInternal && settings.useRemoteAddress;
  exchange.clientAddress = trusted ?? connection.remoteAddress;
  if (isInternal) headers.push('x-envoy-internal', 'true');
  else if (received === undefined || received.hasEnvoyHeaders) removeUntrusted(exchange, isEdge);
  if (settings.via !== '') appendVia(exchange, settings.via);
  if (isEdge) setHeader(headers, 'x-envoy-external-address', exchange.clientAddress);
  if (settings.generateRequestId) {
    const given = headerValue(headers, 'x-request-id');
    if (given === undefined || given === '' || (isEdge && !settings.preserveExternalRequestId)) {
      exchange.requestId = requestId();
      setHeader(headers, 'x-request-id', exchange.requestId);
    } else {
      exchange.requestId = given;
    }
  } else {
    exchange.requestId = headerValue(headers, 'x-request-id');
  }
  forwardClientCertificate(exchange, settings);
}

/**
 * `x-forwarded-client-cert` (Envoy, `forward_client_cert_details`): what a client says of itself is taken for true only where the
 * configuration says so, and outside of mutual TLS only by `always-forward`.
 */
function forwardClientCertificate(exchange: Exchange, settings: ConnectionManagerSettings): void {
  const { requestHeaders: headers, connection } = exchange;
  const mode = settings.forwardedClientCert;
  if (mode === 'always-forward') return;
  const peer = connection.tls?.peer;
  if (mode === 'sanitize' || peer === undefined) {
    removeHeader(headers, 'x-forwarded-client-cert');
    return;
  }
  if (mode === 'forward') return;
  const own = forwardedClientCertificate(peer, settings.clientCertDetails);
  const given = mode === 'append' ? joinedHeaderValue(headers, 'x-forwarded-client-cert') : undefined;
  setHeader(headers, 'x-forwarded-client-cert', given === undefined ? own : `${given},${own}`);
}

function removeUntrusted(exchange: Exchange, isEdge: boolean): void {
  const { requestHeaders } = exchange;
  let kept = 0;
  for (let i = 0; i < requestHeaders.length; i += 2) {
    const { kind } = knownHeader(requestHeaders[i] as string);
    if (kind === kinds.internalOnly || (isEdge && kind === kinds.edgeStripped)) continue;
    requestHeaders[kept] = requestHeaders[i] as string;
    requestHeaders[kept + 1] = requestHeaders[i + 1] as string;
    kept += 2;
  }
  requestHeaders.length = kept;
}

function appendVia(exchange: Exchange, via: string): void {
  const present = joinedHeaderValue(exchange.requestHeaders, 'via');
  setHeader(exchange.requestHeaders, 'via', present === undefined ? via : `${present},${via}`);
}
