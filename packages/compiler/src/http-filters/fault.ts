import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { GRPC_STATUSES, parseDurationMs } from '@heddle/api';
import { HTTPFaultSchema } from '@heddle/envoy-api/extensions/filters/http/fault';
import type { FieldPath } from '@heddle/model';
import { duration } from '../duration.ts';
import type { HttpRoute } from '../mesh-objects.ts';
import { fractionalPercent } from './fractional-percent.ts';

export const FAULT_FILTER = 'envoy.filters.http.fault';

type Fault = NonNullable<HttpRoute['fault']>;
type FaultFields = Exclude<MessageInitShape<typeof HTTPFaultSchema>, { $typeName: string }>;

/** The listener's part: injects nothing where the route says nothing. */
export function faultFilter(): Any {
  return anyPack(HTTPFaultSchema, create(HTTPFaultSchema));
}

/**
 * Istio's `http[].fault` as the route's part. A delay and an abort are drawn independently; a request that gets both waits first. Without
 * a percentage nothing is injected (Istio, `HTTPFaultInjection.Delay.percentage`), and without duration or status neither. Undefined if
 * there is nothing to inject.
 */
export function compileFault(fault: Fault): Any | undefined {
  const delay = compileDelay(fault.delay);
  const abort = compileAbort(fault.abort);
  if (delay === undefined && abort === undefined) return undefined;
  return anyPack(
    HTTPFaultSchema,
    create(HTTPFaultSchema, { ...(delay === undefined ? {} : { delay }), ...(abort === undefined ? {} : { abort }) }),
  );
}

function compileDelay(delay: Fault['delay']): FaultFields['delay'] {
  const delayMs = parseDurationMs(delay?.fixedDelay ?? '0') ?? 0;
  if (delay === undefined || delayMs === 0) return undefined;
  return {
    percentage: fractionalPercent(
      delay.percentage === undefined ? (delay.percent ?? 0) : (delay.percentage.value ?? 0),
    ),
    faultDelaySecifier: { case: 'fixedDelay', value: duration(delayMs) },
  };
}

function compileAbort(abort: Fault['abort']): FaultFields['abort'] {
  if (abort === undefined) return undefined;
  const percentage = fractionalPercent(abort.percentage?.value ?? 0);
  if (abort.httpStatus !== undefined) {
    return { percentage, errorType: { case: 'httpStatus', value: abort.httpStatus } };
  }
  const grpcStatus = abort.grpcStatus === undefined ? undefined : GRPC_STATUSES.indexOf(abort.grpcStatus);
  if (grpcStatus === undefined || grpcStatus < 0) return undefined;
  return { percentage, errorType: { case: 'grpcStatus', value: grpcStatus } };
}

/** Parts of a fault that never strike, with what they lack. */
export function idleFaults(fault: Fault): readonly { readonly path: FieldPath; readonly lacks: string }[] {
  const idle: { readonly path: FieldPath; readonly lacks: string }[] = [];
  const { delay, abort } = fault;
  if (delay !== undefined) {
    if (delay.fixedDelay === undefined) idle.push({ path: ['delay'], lacks: 'fixedDelay' });
    else if (delay.percentage === undefined && delay.percent === undefined) {
      idle.push({ path: ['delay'], lacks: 'percentage' });
    }
  }
  if (abort !== undefined) {
    if (abort.httpStatus === undefined && abort.grpcStatus === undefined) {
      idle.push({ path: ['abort'], lacks: 'httpStatus or grpcStatus' });
    } else if (abort.percentage === undefined) idle.push({ path: ['abort'], lacks: 'percentage' });
  }
  return idle;
}
