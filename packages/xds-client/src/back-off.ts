/** How long to wait before connecting again. */
export interface BackOffOptions {
  /** Longest wait before the first new attempt; milliseconds, default 500. */
  readonly initialMs?: number;
  /** Longest wait before any attempt; milliseconds, default 30 s. */
  readonly maxMs?: number;
}

/**
 * The wait before attempt `attempt` (1 is the first after a failure): a random part of a bound that doubles each time, so that
 * clients which lost the same server do not come back together. The defaults are Envoy's (`envoy.config.core.v3.BackoffStrategy`).
 */
export function backOffMs(attempt: number, random: () => number, options: BackOffOptions = {}): number {
  const { initialMs = 500, maxMs = 30_000 } = options;
  const bound = Math.min(maxMs, initialMs * 2 ** Math.min(attempt - 1, 30));
  return Math.floor(random() * bound);
}
