import { duration } from '../formats/duration.ts';
import { integer, number, object, pending, string } from '../schema.ts';

/** Istio `Percent`, from 0 to 100. */
export const Percent = object({ value: number({ minimum: 0, maximum: 100 }) });

/** A {@link Percent} of requests that get a fault: what is not 0 is at least what a proxy can draw. */
const FaultPercent = object(
  { value: number({ minimum: 0, maximum: 100 }) },
  {
    check: ({ value = 0 }, report) => {
      if (value > 0 && value < 0.0001)
        report({ path: ['value'], message: `found ${value}`, wanted: '0, or a number from 0.0001 to 100' });
    },
  },
);

/** The names of gRPC statuses, by number (gRPC, "Status codes and their use in gRPC"). */
export const GRPC_STATUSES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** Istio `HTTPFaultInjection`: delays, and answers without a destination, for a share of the requests. */
export const HttpFaultInjection = object(
  {
    delay: object(
      {
        percent: integer({ minimum: 0, maximum: 100 }),
        percentage: FaultPercent,
        fixedDelay: string({ format: duration }),
        exponentialDelay: pending(string({ format: duration })),
      },
      {
        oneOf: [{ fields: ['fixedDelay', 'exponentialDelay'], wanted: 'atMostOne' }],
        check: (delay, report) => {
          if (delay.exponentialDelay !== undefined) {
            report({
              path: ['exponentialDelay'],
              message: 'found exponentialDelay, which Istio never had',
              wanted: 'fixedDelay',
            });
          }
        },
      },
    ),
    abort: object(
      {
        httpStatus: integer({ minimum: 200, maximum: 599 }),
        grpcStatus: string({ values: GRPC_STATUSES }),
        http2Error: pending(string()),
        percentage: FaultPercent,
      },
      {
        oneOf: [{ fields: ['httpStatus', 'grpcStatus', 'http2Error'], wanted: 'atMostOne' }],
        check: (abort, report) => {
          if (abort.http2Error !== undefined) {
            report({
              path: ['http2Error'],
              message: 'found http2Error, which Istio never had',
              wanted: 'httpStatus or grpcStatus',
            });
          }
        },
      },
    ),
  },
  {
    check: (fault, report) => {
      if (fault.delay === undefined && fault.abort === undefined) {
        report({ message: 'found neither delay nor abort', wanted: 'one of them, or both' });
      }
    },
  },
);
