import type { VirtualHost } from '@heddle/envoy-api/route';
import type { ForwardAction, RequestView, RouteMatchResult } from '@heddle/routing';
import { formatPercent } from './cluster-legs.ts';
import type { Mirror, Retries } from './explanation.ts';
import { percentOf } from './percent.ts';

interface ProtoDuration {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** Envoy's time limit for a route that names none. */
const DEFAULT_TIMEOUT_MS = 15_000;

function durationMs(value: ProtoDuration | undefined, fallback: number): number {
  return value === undefined ? fallback : Number(value.seconds) * 1000 + value.nanos / 1_000_000;
}

/** From the end of the request to the end of the answer; 0 = no limit. */
export function timeoutMsOf({ config }: ForwardAction): number {
  return durationMs(config.timeout, DEFAULT_TIMEOUT_MS);
}

/** What is tried again, of the route or else of its virtual host. */
export function retriesOf({ config }: ForwardAction, virtualHost: VirtualHost): Retries | undefined {
  const policy = config.retryPolicy ?? virtualHost.retryPolicy;
  if (policy === undefined || policy.retryOn === '') return undefined;
  const attempts = policy.numRetries ?? 1;
  if (attempts === 0) return undefined;
  const on = [
    ...policy.retryOn.split(',').map((word) => word.trim()),
    ...policy.retriableStatusCodes.map((status) => String(status)),
  ];
  return { attempts, on, perTryTimeoutMs: durationMs(policy.perTryTimeout, 0) };
}

/** Where copies of the request go. */
export function mirrorsOf({ config }: ForwardAction): readonly Mirror[] {
  return config.requestMirrorPolicies.map(({ cluster, runtimeFraction }) => ({
    cluster,
    percent: runtimeFraction?.defaultValue === undefined ? 100 : percentOf(runtimeFraction.defaultValue),
  }));
}

/** What a forwarding route does to a request, in words; `writtenAt` says where a part of the route is written, if it is. */
export function forwardingNotes(
  action: ForwardAction,
  match: RouteMatchResult,
  request: RequestView,
  writtenAt: (part: string) => string,
): readonly string[] {
  const notes: string[] = [];
  const path = action.rewritePath?.(request.path);
  if (path !== undefined && path !== request.path) {
    const field = action.config.regexRewrite === undefined ? 'prefixRewrite' : 'regexRewrite';
    notes.push(`path becomes "${path}"${writtenAt(`route.${field}`)}`);
  }
  const authority = action.rewriteAuthority?.(request);
  if (authority !== undefined) notes.push(`host becomes "${authority}"${writtenAt('route.hostRewriteLiteral')}`);
  if (action.autoHostRewrite) notes.push('host becomes the name of the endpoint that is chosen');
  const changed = [...headerNames(match.route.config), ...headerNames(match.virtualHost.config)];
  if (changed.length > 0) notes.push(`headers changed: ${changed.join(', ')}${writtenAt('requestHeadersToAdd')}`);
  const timeout = timeoutMsOf(action);
  notes.push(timeout === 0 ? 'no time limit' : `time limit ${timeout} ms${writtenAt('route.timeout')}`);
  const retries = retriesOf(action, match.virtualHost.config);
  if (retries !== undefined) {
    const each = retries.perTryTimeoutMs === 0 ? '' : `, each within ${retries.perTryTimeoutMs} ms`;
    notes.push(
      `${retries.attempts} ${retries.attempts === 1 ? 'retry' : 'retries'} on ${retries.on.join(', ')}${each}${writtenAt('route.retryPolicy')}`,
    );
  }
  for (const { cluster, percent } of mirrorsOf(action)) notes.push(`${formatPercent(percent)} mirrored to ${cluster}`);
  return notes;
}

function headerNames(level: {
  readonly requestHeadersToAdd: readonly { readonly header?: { readonly key: string } | undefined }[];
  readonly requestHeadersToRemove: readonly string[];
}): readonly string[] {
  return [
    ...level.requestHeadersToRemove.map((name) => `-${name}`),
    ...level.requestHeadersToAdd.flatMap(({ header }) => (header === undefined ? [] : [`+${header.key}`])),
  ];
}
