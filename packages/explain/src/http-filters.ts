import { type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import { CorsPolicySchema } from '@heddle/envoy-api/extensions/filters/http/cors';
import { HTTPFaultSchema } from '@heddle/envoy-api/extensions/filters/http/fault';
import type { HttpConnectionManager } from '@heddle/envoy-api/http-connection-manager';
import { compileStringMatcher, type RequestView, type RouteMatchResult } from '@heddle/routing';
import type { Faults } from './explanation.ts';
import { percentOf } from './percent.ts';

const FAULT = 'envoy.filters.http.fault';
const CORS = 'envoy.filters.http.cors';

/** A filter's settings for a route: the route's own, else its virtual host's; undefined if the listener does not have the filter. */
function settingsFor<Schema extends DescMessage>(
  manager: HttpConnectionManager,
  { route, virtualHost }: RouteMatchResult,
  filter: string,
  schema: Schema,
): MessageShape<Schema> | undefined {
  if (!manager.httpFilters.some(({ name }) => name === filter)) return undefined;
  const levels: readonly (Any | undefined)[] = [
    route.config.typedPerFilterConfig[filter],
    virtualHost.config.typedPerFilterConfig[filter],
  ];
  for (const packed of levels) if (packed !== undefined) return anyUnpack(packed, schema);
  return undefined;
}

/** What happens to requests of a route on purpose. */
export function faultsOf(manager: HttpConnectionManager, match: RouteMatchResult): Faults {
  const fault = settingsFor(manager, match, FAULT, HTTPFaultSchema);
  if (fault === undefined) return {};
  const { delay, abort } = fault;
  const seconds = delay?.faultDelaySecifier.case === 'fixedDelay' ? delay.faultDelaySecifier.value : undefined;
  const status =
    abort?.errorType.case === 'httpStatus'
      ? abort.errorType.value
      : // A gRPC status travels in a response of HTTP status 200.
        abort?.errorType.case === 'grpcStatus'
        ? 200
        : undefined;
  return {
    ...(seconds === undefined || delay?.percentage === undefined
      ? {}
      : {
          delay: {
            percent: percentOf(delay.percentage),
            ms: Number(seconds.seconds) * 1000 + seconds.nanos / 1_000_000,
          },
        }),
    ...(status === undefined || abort?.percentage === undefined
      ? {}
      : { abort: { percent: percentOf(abort.percentage), status } }),
  };
}

/** Why the proxy answers a preflight request (WHATWG Fetch, "CORS-preflight request") itself; undefined where it does not. */
export function preflightAnswer(
  manager: HttpConnectionManager,
  match: RouteMatchResult,
  request: RequestView,
): string | undefined {
  const origin = request.header('origin');
  if (request.method !== 'OPTIONS' || origin === undefined || origin === '') return undefined;
  if ((request.header('access-control-request-method') ?? '') === '') return undefined;
  const policy = settingsFor(manager, match, CORS, CorsPolicySchema);
  if (policy === undefined) return undefined;
  const allowed = policy.allowOriginStringMatch.some((matcher) => compileStringMatcher(matcher)(origin));
  if (allowed) return `a preflight request of "${origin}", which the CORS policy allows`;
  return policy.forwardNotMatchingPreflights === false
    ? `a preflight request of "${origin}", which the CORS policy does not allow`
    : undefined;
}
