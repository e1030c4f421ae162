import { duration } from '../formats/duration.ts';
import { boolean, integer, object, pending, string } from '../schema.ts';

const CONDITIONS: ReadonlySet<string> = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

/** Comma-separated Envoy retry conditions; status codes may stand among them (Istio). */
const retryConditions = {
  name: 'retry-conditions',
  check: (text: string): string | undefined => {
    const bad = text.split(',').find((part) => !CONDITIONS.has(part) && !/^[1-5]\d\d$/.test(part));
    return bad === undefined
      ? undefined
      : `Envoy retry conditions such as connect-failure, or status codes, instead of "${bad}"`;
  },
};

/** Istio `HTTPRetry`. */
export const HttpRetry = object(
  {
    attempts: integer({
      minimum: 0,
      maximum: 2_147_483_647,
      doc: 'How often a request is tried again; 0, or nothing in retries that are written, switches them off.',
    }),
    perTryTimeout: string({ format: duration, doc: 'For each attempt; the timeout of the rule bounds them all.' }),
    retryOn: string({
      format: retryConditions,
      emptyIsAbsent: true,
      doc: 'Envoy conditions and status codes. If absent: what no endpoint has begun to work on.',
    }),
    retryRemoteLocalities: pending(boolean()),
    retryIgnorePreviousHosts: boolean({ doc: 'Prefer endpoints not tried yet; true if absent.' }),
    backoff: string({
      format: duration,
      doc: 'The first pause is shorter than this, later ones up to ten times it; 25ms if absent.',
    }),
  },
  {
    check: (retry, report) => {
      if ((retry.attempts ?? 0) > 0) return;
      const set = (['perTryTimeout', 'retryOn', 'retryRemoteLocalities'] as const).find(
        (name) => retry[name] !== undefined,
      );
      if (set !== undefined) {
        report({
          path: [set],
          message: `found ${set} although attempts is 0, which switches retries off`,
          wanted: 'attempts above 0',
        });
      }
    },
  },
);
