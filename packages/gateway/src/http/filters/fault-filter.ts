import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import { type HTTPFault, HTTPFaultSchema } from '@heddle/envoy-api/extensions/filters/http/fault';
import type { FractionalPercent } from '@heddle/envoy-api/type';
import { compileHeaderMatcher, type RequestView, type RouteTable } from '@heddle/routing';
import { durationMs } from '../../duration.ts';
import type { Exchange } from '../exchange.ts';
import type { HttpFilter } from '../http-filter.ts';
import { reply } from '../respond.ts';
import { routeConfigs } from './per-route-config.ts';

export const FAULT_FILTER = 'envoy.filters.http.fault';

/** `envoy.extensions.filters.http.fault.v3.HTTPFault` in force for a request. */
interface FaultSettings {
  readonly delayMs: number;
  /** Shares from 0 to 1. */
  readonly delayShare: number;
  readonly abortShare: number;
  readonly abort: { readonly status: number; readonly grpcStatus: number | undefined } | undefined;
  readonly conditions: readonly ((request: RequestView) => boolean)[];
  readonly downstreamNodes: ReadonlySet<string>;
  readonly maxActiveFaults: number;
}

/**
 * Envoy's fault filter: delays, then answers by itself, the shares of requests that their route says, else the listener. Undefined
 * where nothing is ever injected.
 */
export function faultFilter(
  config: Any | undefined,
  table: RouteTable | undefined,
  problems: string[],
): HttpFilter | undefined {
  const read = (message: HTTPFault): FaultSettings => faultSettings(message, problems);
  const own = config === undefined ? undefined : anyUnpack(config, HTTPFaultSchema);
  const listeners = own === undefined ? undefined : read(own);
  const byRoute = routeConfigs(table, FAULT_FILTER, HTTPFaultSchema, read, problems);
  if (byRoute.size === 0 && (listeners === undefined || isIdle(listeners))) return undefined;
  let active = 0;
  const struck = new WeakSet<Exchange>();
  const strike = (exchange: Exchange): void => {
    if (struck.has(exchange)) return;
    struck.add(exchange);
    active++;
  };

  return {
    name: FAULT_FILTER,
    onRequest(exchange) {
      const [settings = listeners] = exchange.route === undefined ? [] : (byRoute.get(exchange.route.route) ?? []);
      if (settings === undefined || isIdle(settings) || active >= settings.maxActiveFaults) return undefined;
      if (!concerns(settings, exchange)) return undefined;
      const { random } = exchange.listener;
      const abort = (): void => {
        if (settings.abort === undefined || random() >= settings.abortShare) return;
        strike(exchange);
        const { status, grpcStatus } = settings.abort;
        reply(exchange, status, 'fault filter abort', 'fault_filter_abort', 'FI', [], grpcStatus);
      };
      if (settings.delayMs === 0 || random() >= settings.delayShare) {
        abort();
        return undefined;
      }
      strike(exchange);
      exchange.responseFlags.push('DI');
      return new Promise<void>((resolve) => {
        exchange.after(settings.delayMs, () => {
          // What is measured from the end of the request begins where the request goes on.
          if (exchange.requestComplete) exchange.requestCompletedAt = performance.now();
          if (!exchange.responseStarted) abort();
          resolve();
        });
      });
    },
    onFinished(exchange) {
      if (struck.delete(exchange)) active--;
    },
  };
}

function faultSettings(fault: HTTPFault, problems: string[]): FaultSettings {
  const { delay, abort } = fault;
  const unsupported: readonly [boolean, string][] = [
    [delay?.faultDelaySecifier.case === 'headerDelay', 'delay.header_delay'],
    [abort?.errorType.case === 'headerAbort', 'abort.header_abort'],
    [fault.responseRateLimit !== undefined, 'response_rate_limit'],
    [fault.upstreamCluster !== '', 'upstream_cluster'],
    [(abort?.responseBody ?? '') !== '', 'abort.response_body'],
  ];
  for (const [present, field] of unsupported) {
    const sentence = `${field} of "${FAULT_FILTER}" is not implemented`;
    if (present && !problems.includes(sentence)) problems.push(sentence);
  }
  return {
    delayMs: delay?.faultDelaySecifier.case === 'fixedDelay' ? durationMs(delay.faultDelaySecifier.value, 0) : 0,
    delayShare: share(delay?.percentage),
    abortShare: share(abort?.percentage),
    abort:
      abort?.errorType.case === 'httpStatus'
        ? { status: abort.errorType.value, grpcStatus: undefined }
        : abort?.errorType.case === 'grpcStatus'
          ? { status: 200, grpcStatus: abort.errorType.value }
          : undefined,
    conditions: fault.headers.map(compileHeaderMatcher),
    downstreamNodes: new Set(fault.downstreamNodes),
    maxActiveFaults: fault.maxActiveFaults ?? Number.POSITIVE_INFINITY,
  };
}

function isIdle({ delayMs, delayShare, abort, abortShare }: FaultSettings): boolean {
  return (delayMs === 0 || delayShare === 0) && (abort === undefined || abortShare === 0);
}

function concerns({ conditions, downstreamNodes }: FaultSettings, exchange: Exchange): boolean {
  if (downstreamNodes.size > 0 && !downstreamNodes.has(exchange.header('x-envoy-downstream-service-node') ?? '')) {
    return false;
  }
  return conditions.every((condition) => condition(exchange));
}

const DENOMINATORS: readonly number[] = [100, 10_000, 1_000_000];

function share(percent: FractionalPercent | undefined): number {
  return percent === undefined ? 0 : percent.numerator / (DENOMINATORS[percent.denominator] ?? 100);
}
