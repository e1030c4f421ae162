import { matchRoute, normalizePath, pickCluster } from '@heddle/routing';
import { isValidAuthority, normalizeAuthority } from './authority.ts';
import type { Exchange } from './exchange.ts';
import type { HeaderList } from './header-list.ts';
import type { HttpListener } from './http-listener.ts';
import type { ReceivedHeaders } from './received-headers.ts';
import { knownHeader } from './request-header-kind.ts';
import { prepareRequestHeaders } from './request-preparation.ts';
import { maxStreamDuration, refuse, reply } from './respond.ts';
import type { ResponseFlag } from './response-flag.ts';
import { chooseCluster } from './route-choice.ts';
import { routeExchange } from './router.ts';

/**
 * Takes an exchange from its adapter through the connection manager's checks, the filters and the router. The response goes out
 * through the exchange's writer; the adapter hears nothing else.
 */
export function serveExchange(listener: HttpListener, exchange: Exchange, received: ReceivedHeaders): void {
  begin(listener, exchange);
  const { settings } = listener;
  if (received.invalidTarget !== undefined) {
    const { status, body } = received.invalidTarget;
    refuseUnreadable(exchange, status, body, 'http1.codec_error');
    return;
  }
  if (received.hasUnknownTransferEncoding) {
    refuseUnreadable(exchange, 501, 'Not Implemented', 'http1.invalid_transfer_encoding');
    return;
  }
  if (received.hasUnderscore && settings.underscores !== 'allow') {
    if (settings.underscores === 'reject') {
      refuseUnreadable(exchange, 400, 'Bad Request', 'http1.unexpected_underscore');
      return;
    }
    dropUnderscores(exchange.requestHeaders);
  }
  if (received.count > settings.maxHeadersCount) {
    refuseUnreadable(exchange, 431, 'Request Header Fields Too Large', 'http1.too_many_headers');
    return;
  }
  if (exchange.protocol === 'HTTP/1.0' && !settings.acceptHttp10) {
    refuseUnreadable(exchange, 426, 'Upgrade Required', 'low_version');
    return;
  }
  if (received.connectionIsInvalid) {
    refuse(exchange, 400, '', 'invalid_connection_header');
    return;
  }
  if (received.host === undefined && exchange.authority === '') {
    if (exchange.protocol === 'HTTP/1.0' && settings.defaultHostForHttp10 !== '') {
      exchange.authority = settings.defaultHostForHttp10;
    } else {
      exchange.hasAuthority = false;
      refuse(exchange, 400, '', 'missing_host_header');
      return;
    }
  }
  if (!isValidAuthority(exchange.authority)) {
    refuseUnreadable(exchange, 400, 'Bad Request', 'http.invalid_authority');
    return;
  }
  exchange.authority = normalizeAuthority(exchange.authority, settings, listener.address.port);
  if (exchange.method !== 'CONNECT') {
    if (exchange.path.charCodeAt(0) !== 0x2f) {
      reply(exchange, 404, '', 'absolute_path_rejected');
      return;
    }
    const normalized = normalizePath(exchange.path, settings.path);
    if (normalized.action === 'reject') {
      exchange.path = normalized.path;
      refuse(exchange, 400, '', normalized.details);
      return;
    }
    if (normalized.action === 'redirect') {
      exchange.path = normalized.path;
      reply(exchange, 307, '', 'path_normalization_failed', undefined, ['location', normalized.path]);
      return;
    }
    exchange.path = normalized.path;
  }
  prepareRequestHeaders(exchange, settings, received, listener.ownAddress);
  if (listener.routes !== undefined) {
    exchange.random = Math.floor(listener.random() * Number.MAX_SAFE_INTEGER);
    exchange.route = matchRoute(listener.routes, exchange, exchange.random);
  }
  if (exchange.upgrade !== undefined && exchange.route !== undefined) {
    if (!listener.routeSettings.allowsUpgrade(exchange.route, exchange.upgrade, settings.upgrades)) {
      const { action } = exchange.route.route;
      if (action.kind === 'forward') exchange.clusterName = pickCluster(action, exchange.random, exchange).name;
      refuse(exchange, 403, '', 'upgrade_failed');
      return;
    }
  }
  if (listener.filters.length === 0) {
    routeExchange(exchange);
    return;
  }
  chooseCluster(exchange);
  for (const filter of exchange.requestBody === undefined ? [] : listener.filters) {
    if (filter.wrapRequestBody !== undefined && exchange.requestBody !== undefined) {
      exchange.requestBody = filter.wrapRequestBody(exchange, exchange.requestBody);
    }
  }
  runRequestFilters(exchange, 0);
}

/** Answers a message that could not be read as a request; it is logged as a request without method and path. */
export function refuseMessage(
  listener: HttpListener,
  exchange: Exchange,
  status: number,
  body: string,
  details: string,
  flag: ResponseFlag | undefined,
): void {
  begin(listener, exchange);
  if (flag === 'DPE') refuseUnreadable(exchange, status, body, details);
  else refuse(exchange, status, body, details, flag);
}

/** What the codec refuses: a reply over HTTP/1.1, the end of the connection over HTTP/2. */
function refuseUnreadable(exchange: Exchange, status: number, body: string, details: string): void {
  exchange.listener.stats.downstreamProtocolErrors++;
  exchange.isUnreadable = true;
  if (exchange.writer.breakConnection === undefined) {
    refuse(exchange, status, body, details, 'DPE');
    return;
  }
  const { writer } = exchange;
  exchange.reset('DPE', details.replace('http1.', 'http2.'));
  writer.breakConnection?.();
}

function begin(listener: HttpListener, exchange: Exchange): void {
  const { settings, stats } = listener;
  exchange.listener = listener;
  stats.downstreamRequestsTotal++;
  stats.downstreamRequestsActive++;
  exchange.onFinished = finished;
  for (const filter of listener.filters) filter.onBegin?.(exchange);
  if (settings.streamIdleTimeoutMs > 0) {
    listener.watch.watch(exchange, settings.streamIdleTimeoutMs);
  }
  if (settings.requestTimeoutMs > 0 && !exchange.requestComplete) {
    exchange.after(settings.requestTimeoutMs, () => {
      if (exchange.requestComplete || exchange.responseStarted) return;
      exchange.upstream?.giveUp();
      refuse(exchange, 408, 'request timeout', 'request_overall_timeout');
    });
  }
  if (settings.maxStreamDurationMs > 0) {
    exchange.limitDuration(settings.maxStreamDurationMs, () => maxStreamDuration(exchange));
  }
}

function finished(exchange: Exchange): void {
  const { listener } = exchange;
  listener.stats.downstreamRequestsActive--;
  listener.watch.unwatch(exchange);
  switch (Math.floor(exchange.responseStatus / 100)) {
    case 2:
      listener.stats.responses2xx++;
      break;
    case 3:
      listener.stats.responses3xx++;
      break;
    case 4:
      listener.stats.responses4xx++;
      break;
    case 5:
      listener.stats.responses5xx++;
      break;
  }
  for (const filter of listener.filters) filter.onLog?.(exchange);
  for (const filter of listener.filters) filter.onFinished?.(exchange);
  for (const log of listener.accessLogs) log(exchange);
}

function dropUnderscores(headers: HeaderList): void {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    if (knownHeader(headers[i] as string).hasUnderscore) continue;
    headers[kept] = headers[i] as string;
    headers[kept + 1] = headers[i + 1] as string;
    kept += 2;
  }
  headers.length = kept;
}

function runRequestFilters(exchange: Exchange, from: number): void {
  const { filters } = exchange.listener;
  for (let i = from; i < filters.length; i++) {
    const pending = filters[i]?.onRequest?.(exchange);
    if (exchange.responseStarted || exchange.finished) return;
    if (pending !== undefined) {
      pending.then(
        () => {
          if (!exchange.responseStarted && !exchange.finished) runRequestFilters(exchange, i + 1);
        },
        () => reply(exchange, 500, '', 'filter_failed'),
      );
      return;
    }
  }
  routeExchange(exchange);
}
