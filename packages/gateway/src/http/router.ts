import {
  type CompiledAction,
  type ForwardAction,
  isGrpcContentType,
  pickCluster,
  type RouteMatchResult,
  tlsRedirectLocation,
  type WeightedLeg,
} from '@heddle/routing';
import type { Exchange } from './exchange.ts';
import { Forwarding } from './forwarding.ts';
import { grpcTimeoutMs } from './grpc-timeout.ts';
import { requestHash } from './hash-policy.ts';
import { headerValue, joinedHeaderValue, removeHeader, setHeader } from './header-list.ts';
import { startMirrors } from './mirroring.ts';
import { maxStreamDuration, refuse, reply } from './respond.ts';
import { applyRouteRequestHeaders, type ForwardSettings, type StreamDuration } from './route-settings.ts';
import { setTimeoutHeaders } from './timeout-headers.ts';

/** The router, last of the filters: answers from the route, or forwards to an endpoint. */
export function routeExchange(exchange: Exchange): void {
  const { route } = exchange;
  if (route === undefined) {
    if (exchange.method === 'CONNECT') refuse(exchange, 404, '', 'route_not_found', 'NR');
    else reply(exchange, 404, '', 'route_not_found', 'NR');
    return;
  }
  const { action } = route.route;
  if (action.kind === 'forward') forward(exchange, route, action);
  else answer(exchange, action);
}

function answer(exchange: Exchange, action: Exclude<CompiledAction, ForwardAction>): void {
  switch (action.kind) {
    case 'redirect':
      reply(exchange, action.status, '', 'direct_response', undefined, ['location', action.location(exchange)]);
      return;
    case 'tls-redirect':
      reply(exchange, 301, '', 'direct_response', undefined, ['location', tlsRedirectLocation(exchange)]);
      return;
    case 'direct-response': {
      const location = action.location?.(exchange);
      const extra = location === undefined ? [] : ['location', location];
      reply(exchange, action.status, action.body, 'direct_response', undefined, extra);
      return;
    }
    case 'non-forwarding':
      reply(exchange, 404, '', 'route_not_found', 'NR');
  }
}

function forward(exchange: Exchange, match: RouteMatchResult, action: ForwardAction): void {
  const { listener } = exchange;
  const { name, leg } = pickCluster(action, exchange.random, exchange);
  exchange.leg = leg;
  const cluster = listener.clusters.get(name);
  if (cluster === undefined) {
    reply(exchange, action.clusterNotFoundStatus, '', 'cluster_not_found', 'NC');
    return;
  }
  exchange.cluster = cluster;
  exchange.clusterName = name;
  const settings = listener.routeSettings.of(match.route);
  // As Envoy does, of the request as it came.
  if (cluster.choosesByHash && settings.hashPolicies !== undefined) {
    exchange.hash = requestHash(settings.hashPolicies, exchange);
  }
  const timeoutMs = timeoutOf(exchange, settings);
  prepareUpstreamHeaders(exchange, action, leg, settings, timeoutMs);
  if (settings.idleTimeoutMs !== undefined) overrideIdleTimeout(exchange, settings.idleTimeoutMs);
  if (settings.streamDuration !== undefined) limitStream(exchange, settings.streamDuration);
  if (settings.mirrors.length > 0 && exchange.upgrade === undefined && cluster.hosts.entries.length > 0) {
    startMirrors(exchange, settings.mirrors, timeoutMs);
  }
  new Forwarding(exchange, cluster, action, settings, timeoutMs).begin();
}

function timeoutOf(exchange: Exchange, settings: ForwardSettings): number {
  const { requestHeaders } = exchange;
  const asked = headerValue(requestHeaders, 'x-envoy-upstream-rq-timeout-ms');
  if (asked !== undefined) {
    removeHeader(requestHeaders, 'x-envoy-upstream-rq-timeout-ms');
    if (/^\d+$/.test(asked)) return Number(asked);
  }
  if (settings.streamDuration !== undefined) return 0;
  const max = settings.maxGrpcTimeoutMs;
  if (max === undefined || !isGrpcContentType(headerValue(requestHeaders, 'content-type'))) return settings.timeoutMs;
  return noLongerThan(grpcTimeoutMs(headerValue(requestHeaders, 'grpc-timeout')) ?? 0, max);
}

/** A time of at most `max`; 0 is no limit, in both. */
function noLongerThan(time: number, max: number): number {
  return max !== 0 && (time === 0 || time > max) ? max : time;
}

/** How long the whole stream may take: what a client asks for by `grpc-timeout` where the route looks at it, else the route's limit. */
function limitStream(exchange: Exchange, { maxMs, grpcHeaderMaxMs, grpcHeaderOffsetMs }: StreamDuration): void {
  const asked = grpcTimeoutMs(headerValue(exchange.requestHeaders, 'grpc-timeout'));
  let limitMs = maxMs ?? exchange.listener.settings.maxStreamDurationMs;
  if (asked !== undefined && grpcHeaderMaxMs !== undefined) {
    const capped = grpcHeaderMaxMs === 0 ? asked : Math.min(asked, grpcHeaderMaxMs);
    // What is asked for is a limit even where it is nothing: time has passed already.
    limitMs = Math.max(1, grpcHeaderOffsetMs < capped ? capped - grpcHeaderOffsetMs : capped);
  }
  exchange.limitDuration(limitMs, () => maxStreamDuration(exchange));
}

function overrideIdleTimeout(exchange: Exchange, idleMs: number): void {
  const { watch } = exchange.listener;
  watch.unwatch(exchange);
  if (idleMs > 0) watch.watch(exchange, idleMs);
}

function prepareUpstreamHeaders(
  exchange: Exchange,
  action: ForwardAction,
  leg: WeightedLeg | undefined,
  settings: ForwardSettings,
  timeoutMs: number,
): void {
  const { requestHeaders } = exchange;
  const { suppressEnvoyHeaders } = exchange.listener.router;
  setTimeoutHeaders(exchange, settings, timeoutMs, 0);
  if (settings.attemptCountInRequest) setHeader(requestHeaders, 'x-envoy-attempt-count', '1');
  const rewritten = action.rewritePath?.(exchange.path);
  const authority = action.rewriteAuthority?.(exchange);
  applyRouteRequestHeaders(exchange, leg);
  if (authority !== undefined) rewriteAuthority(exchange, authority, settings.appendForwardedHost);
  // The rewrite of a weighted cluster leaves no trace of the former authority (as in Envoy).
  else if (leg !== undefined && leg.hostRewrite !== '') exchange.authority = leg.hostRewrite;
  // Also a rewrite that changes nothing leaves its trace (as in Envoy).
  if (rewritten !== undefined) {
    exchange.originalPath = exchange.path;
    if (!suppressEnvoyHeaders) setHeader(requestHeaders, 'x-envoy-original-path', exchange.path);
    exchange.path = rewritten;
  }
}

function rewriteAuthority(exchange: Exchange, authority: string, appendForwardedHost: boolean): void {
  const { requestHeaders } = exchange;
  if (appendForwardedHost) {
    const present = joinedHeaderValue(requestHeaders, 'x-forwarded-host');
    const value = present === undefined ? exchange.authority : `${present},${exchange.authority}`;
    setHeader(requestHeaders, 'x-forwarded-host', value);
  }
  setHeader(requestHeaders, 'x-envoy-original-host', exchange.authority);
  exchange.authority = authority;
}
