import type { Any } from '@bufbuild/protobuf/wkt';
import { type CorsPolicy, CorsPolicySchema } from '@heddle/envoy-api/extensions/filters/http/cors';
import { compileStringMatcher, type RouteTable } from '@heddle/routing';
import type { Exchange } from '../exchange.ts';
import { type HeaderList, headerValue, setHeader } from '../header-list.ts';
import type { HttpFilter } from '../http-filter.ts';
import { respond } from '../respond.ts';
import { routeConfigs } from './per-route-config.ts';

export const CORS_FILTER = 'envoy.filters.http.cors';

/** A compiled `envoy.extensions.filters.http.cors.v3.CorsPolicy`. */
interface Policy {
  readonly enabled: boolean;
  readonly origins: readonly ((origin: string) => boolean)[];
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string;
  readonly allowCredentials: boolean | undefined;
  readonly allowPrivateNetworkAccess: boolean | undefined;
  readonly forwardNotMatchingPreflights: boolean | undefined;
}

/**
 * Envoy's CORS filter: answers preflights and adds to responses what browsers ask for, on routes that forward and have a policy. A part
 * that the route's policy leaves open is taken from its virtual host. Undefined where no route has a policy.
 */
export function corsFilter(
  _config: Any | undefined,
  table: RouteTable | undefined,
  problems: string[],
): HttpFilter | undefined {
  const read = (message: CorsPolicy): Policy => compilePolicy(message, problems);
  const levels = routeConfigs(table, CORS_FILTER, CorsPolicySchema, read, problems);
  const policies = new Map(
    [...levels]
      .filter(([route, [first]]) => route.action.kind === 'forward' && first?.enabled === true)
      .map(([route, found]) => [route, merged(found)]),
  );
  if (policies.size === 0) return undefined;
  /** Cross-origin requests from an allowed origin, whose responses say so. */
  const allowed = new WeakMap<Exchange, { readonly policy: Policy; readonly origin: string }>();

  return {
    name: CORS_FILTER,
    onRequest(exchange) {
      const policy = exchange.route === undefined ? undefined : policies.get(exchange.route.route);
      const origin = policy === undefined ? undefined : headerValue(exchange.requestHeaders, 'origin');
      if (policy === undefined || origin === undefined || origin === '') return;
      // A matcher that accepts the text "*" means every origin.
      const isAllowed = policy.origins.some((matches) => matches('*') || matches(origin));
      if (isAllowed) allowed.set(exchange, { policy, origin });
      const method = headerValue(exchange.requestHeaders, 'access-control-request-method') ?? '';
      if (exchange.method !== 'OPTIONS' || method === '') return;
      if (!isAllowed && policy.forwardNotMatchingPreflights !== false) return;
      exchange.responseDetails = 'cors_response';
      respond(exchange, 200, preflightHeaders(exchange, policy, isAllowed ? origin : undefined, method), undefined, {
        routeHeaders: false,
      });
    },
    onResponse(exchange) {
      const found = allowed.get(exchange);
      if (found === undefined) return;
      const { policy, origin } = found;
      setHeader(exchange.responseHeaders, 'access-control-allow-origin', origin);
      if (policy.allowCredentials === true) {
        setHeader(exchange.responseHeaders, 'access-control-allow-credentials', 'true');
      }
      if (policy.exposeHeaders !== '') {
        setHeader(exchange.responseHeaders, 'access-control-expose-headers', policy.exposeHeaders);
      }
    },
  };
}

function preflightHeaders(exchange: Exchange, policy: Policy, origin: string | undefined, method: string): HeaderList {
  const headers: HeaderList = [];
  if (origin !== undefined) headers.push('access-control-allow-origin', origin);
  if (policy.allowCredentials === true) headers.push('access-control-allow-credentials', 'true');
  if (policy.allowMethods !== '') {
    headers.push('access-control-allow-methods', policy.allowMethods === '*' ? method : policy.allowMethods);
  }
  if (policy.allowHeaders !== '') {
    const asked = headerValue(exchange.requestHeaders, 'access-control-request-headers') ?? '';
    headers.push('access-control-allow-headers', policy.allowHeaders === '*' ? asked : policy.allowHeaders);
  }
  if (policy.maxAge !== '') headers.push('access-control-max-age', policy.maxAge);
  const asksForPrivate = headerValue(exchange.requestHeaders, 'access-control-request-private-network') === 'true';
  if (policy.allowPrivateNetworkAccess === true && asksForPrivate) {
    headers.push('access-control-allow-private-network', 'true');
  }
  return headers;
}

function compilePolicy(policy: CorsPolicy, problems: string[]): Policy {
  const percent = policy.filterEnabled?.defaultValue;
  // A share in between would ask for a draw of its own; nobody sends one.
  if (percent !== undefined && percent.numerator !== 0 && percent.numerator < 100) {
    problems.push(`filter_enabled of "${CORS_FILTER}" is neither 0 nor 100 percent: it counts as 100`);
  }
  return {
    enabled: percent === undefined || percent.numerator > 0,
    origins: policy.allowOriginStringMatch.map(compileStringMatcher),
    allowMethods: policy.allowMethods,
    allowHeaders: policy.allowHeaders,
    exposeHeaders: policy.exposeHeaders,
    maxAge: policy.maxAge,
    allowCredentials: policy.allowCredentials,
    allowPrivateNetworkAccess: policy.allowPrivateNetworkAccess,
    forwardNotMatchingPreflights: policy.forwardNotMatchingPreflights,
  };
}

/** One policy of several levels, the most specific first: of each part the first that says something. */
function merged(levels: readonly Policy[]): Policy {
  const text = (part: 'allowMethods' | 'allowHeaders' | 'exposeHeaders' | 'maxAge'): string =>
    levels.find((level) => level[part] !== '')?.[part] ?? '';
  const flag = (
    part: 'allowCredentials' | 'allowPrivateNetworkAccess' | 'forwardNotMatchingPreflights',
  ): boolean | undefined => levels.find((level) => level[part] !== undefined)?.[part];
  return {
    enabled: levels[0]?.enabled === true,
    origins: levels.find((level) => level.origins.length > 0)?.origins ?? [],
    allowMethods: text('allowMethods'),
    allowHeaders: text('allowHeaders'),
    exposeHeaders: text('exposeHeaders'),
    maxAge: text('maxAge'),
    allowCredentials: flag('allowCredentials'),
    allowPrivateNetworkAccess: flag('allowPrivateNetworkAccess'),
    forwardNotMatchingPreflights: flag('forwardNotMatchingPreflights'),
  };
}
