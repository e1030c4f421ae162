import type { Host } from './host.ts';

/** Settings of `slow_start_config`. */
export interface SlowStart {
  readonly windowMs: number;
  /** 1 for a linear rise; higher ones rise faster at first. */
  readonly aggression: number;
  /** The least share of its weight that a host has, from 0 to 1. */
  readonly leastShare: number;
}

/** Whether one of the hosts is new: then they are scheduled by weight, so that it can have less than the others. */
export function anyStarts(slowStart: SlowStart | undefined, hosts: readonly Host[], nowMs: () => number): boolean {
  if (slowStart === undefined) return false;
  const since = nowMs() - slowStart.windowMs;
  return hosts.some(({ addedAtMs }) => addedAtMs > since);
}

/** The share of its weight that a host has at this moment (Envoy, "Slow start mode"). */
export function startFactor(slowStart: SlowStart | undefined, { addedAtMs }: Host, nowMs: () => number): number {
  if (slowStart === undefined) return 1;
  const { windowMs, aggression, leastShare } = slowStart;
  const ageMs = nowMs() - addedAtMs;
  if (ageMs >= windowMs) return 1;
  const passed = Math.max(1, ageMs) / windowMs;
  return Math.max(passed ** (1 / aggression), leastShare);
}
