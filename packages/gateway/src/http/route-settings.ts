import {
  applyHeaderMutations,
  type CompiledRoute,
  type ForwardAction,
  type RouteMatchResult,
  type RouteTable,
  type WeightedLeg,
} from '@heddle/routing';
import { durationMs } from '../duration.ts';
import type { Exchange } from './exchange.ts';
import { formatContext } from './format-context.ts';
import { compileHashPolicies, type HashPolicies } from './hash-policy.ts';
import { type MirrorSettings, mirrorSettings } from './mirror-settings.ts';
import { type RetrySettings, retrySettings } from './retry-policy.ts';

/** What the router needs of a forwarding route besides matching: times, retries, attempt counts. */
export interface ForwardSettings {
  /** 0 = no limit, for all times here. */
  readonly timeoutMs: number;
  /** Undefined: the connection manager's. */
  readonly idleTimeoutMs: number | undefined;
  /** The route's `max_stream_duration`; with it, `timeout` and `max_grpc_timeout` are not looked at (as in Envoy). */
  readonly streamDuration: StreamDuration | undefined;
  /** `max_grpc_timeout`: the longest `grpc-timeout` obeyed as a time-out; undefined: the header is not looked at. */
  readonly maxGrpcTimeoutMs: number | undefined;
  readonly retry: RetrySettings | undefined;
  /** What tells requests apart for clusters that choose endpoints by hash. */
  readonly hashPolicies: HashPolicies | undefined;
  readonly attemptCountInRequest: boolean;
  readonly attemptCountInResponse: boolean;
  readonly appendForwardedHost: boolean;
  readonly mirrors: readonly MirrorSettings[];
  /** Upgrades this route allows or forbids, over the connection manager's. */
  readonly upgrades: ReadonlyMap<string, boolean>;
}

/** `RouteAction.max_stream_duration`. */
export interface StreamDuration {
  /** Undefined: the connection manager's. */
  readonly maxMs: number | undefined;
  /** `grpc_timeout_header_max`: the longest `grpc-timeout` that becomes the duration; undefined: the header is not looked at. */
  readonly grpcHeaderMaxMs: number | undefined;
  /** `grpc_timeout_header_offset`: taken off what the header says. */
  readonly grpcHeaderOffsetMs: number;
}

/** Router settings of every forwarding route of one route configuration. */
export class RouteSettings {
  readonly #byRoute = new Map<CompiledRoute, ForwardSettings>();

  /** Reads the whole table; what changes traffic and is not implemented is said in `problems`, once per sentence. */
  constructor(table: RouteTable | undefined, problems: string[]) {
    const found = new Set<string>();
    if (table === undefined) return;
    for (const virtualHost of table.virtualHosts) {
      for (const route of virtualHost.routes) {
        if (route.action.kind !== 'forward') continue;
        const own: string[] = [];
        this.#byRoute.set(route, forwardSettings(table.config, virtualHost.config, route, route.action, own));
        for (const problem of own) found.add(problem);
      }
    }
    problems.push(...found);
  }

  of(route: CompiledRoute): ForwardSettings {
    return this.#byRoute.get(route) as ForwardSettings;
  }

  /** True when a request on this route may be upgraded to `protocol`. */
  allowsUpgrade(match: RouteMatchResult, protocol: string, byDefault: ReadonlySet<string>): boolean {
    return this.#byRoute.get(match.route)?.upgrades.get(protocol) ?? byDefault.has(protocol);
  }
}

function forwardSettings(
  table: RouteTable['config'],
  virtualHost: RouteMatchResult['virtualHost']['config'],
  route: CompiledRoute,
  action: ForwardAction,
  problems: string[],
): ForwardSettings {
  const { config } = action;
  if (config.internalRedirectPolicy !== undefined) problems.push('internal_redirect_policy is not implemented');
  if (config.hedgePolicy !== undefined) problems.push('hedge_policy is not implemented');
  if (config.rateLimits.length > 0 || virtualHost.rateLimits.length > 0)
    problems.push('rate_limits is not implemented');
  if (config.metadataMatch !== undefined) problems.push('metadata_match is not implemented');
  const policy = config.retryPolicy ?? virtualHost.retryPolicy;
  return {
    timeoutMs: durationMs(config.timeout, 15_000),
    idleTimeoutMs: config.idleTimeout === undefined ? undefined : durationMs(config.idleTimeout, 0),
    streamDuration: streamDuration(action),
    maxGrpcTimeoutMs: config.maxGrpcTimeout === undefined ? undefined : durationMs(config.maxGrpcTimeout, 0),
    retry: policy === undefined ? undefined : retrySettings(policy, problems),
    hashPolicies: compileHashPolicies(config.hashPolicy, problems),
    attemptCountInRequest: virtualHost.includeRequestAttemptCount,
    attemptCountInResponse: virtualHost.includeAttemptCountInResponse,
    appendForwardedHost: config.appendXForwardedHost,
    mirrors: mirrorSettings(
      [config.requestMirrorPolicies, virtualHost.requestMirrorPolicies, table.requestMirrorPolicies],
      problems,
    ),
    upgrades: new Map(
      config.upgradeConfigs.map((upgrade) => [upgrade.upgradeType.toLowerCase(), upgrade.enabled ?? true]),
    ),
  };
}

function streamDuration({ config: { maxStreamDuration } }: ForwardAction): StreamDuration | undefined {
  if (maxStreamDuration === undefined) return undefined;
  const { maxStreamDuration: max, grpcTimeoutHeaderMax, grpcTimeoutHeaderOffset } = maxStreamDuration;
  return {
    maxMs: max === undefined ? undefined : durationMs(max, 0),
    grpcHeaderMaxMs: grpcTimeoutHeaderMax === undefined ? undefined : durationMs(grpcTimeoutHeaderMax, 0),
    grpcHeaderOffsetMs: durationMs(grpcTimeoutHeaderOffset, 0),
  };
}

/** Header operations on the request, weighted cluster first, then the route's levels, as Envoy orders them. */
export function applyRouteRequestHeaders(exchange: Exchange, leg: WeightedLeg | undefined): void {
  const { requestMutations } = (exchange.route as RouteMatchResult).route;
  if (leg?.requestMutations === undefined && requestMutations.length === 0) return;
  const context = formatContext(exchange);
  if (leg?.requestMutations !== undefined) {
    applyHeaderMutations(exchange.requestHeaders, leg.requestMutations, context, 'request');
  }
  for (const mutations of requestMutations) {
    applyHeaderMutations(exchange.requestHeaders, mutations, context, 'request');
  }
}

/** Header operations on the response, local replies included. */
export function applyRouteResponseHeaders(exchange: Exchange): void {
  const { responseMutations } = (exchange.route as RouteMatchResult).route;
  const { leg } = exchange;
  if (leg?.responseMutations === undefined && responseMutations.length === 0) return;
  const context = formatContext(exchange);
  if (leg?.responseMutations !== undefined) {
    applyHeaderMutations(exchange.responseHeaders, leg.responseMutations, context, 'response');
  }
  for (const mutations of responseMutations) {
    applyHeaderMutations(exchange.responseHeaders, mutations, context, 'response');
  }
}
