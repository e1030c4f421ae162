import { Context, ContextKind } from "./context";
import { proxy_get_current_time_nanoseconds, proxy_set_tick_period_milliseconds } from "./hostcalls";
import { actFor } from "./http-call";
import { OUT } from "./memory";

/** Nanoseconds since the epoch. */
export function nowNs(): u64 {
  proxy_get_current_time_nanoseconds(OUT + 8);
  return load<u64>(OUT, 8);
}

const NS_PER_MS: u64 = 1_000_000;

/**
 * Something to do later, once or again and again. The host has one tick for a plugin; any number of timers share it.
 *
 * @example
 * class Refresh extends Timer {
 *   onTick(): void { fetchKeys(); }
 * }
 * new Refresh().every(plugin, 60_000);
 */
export abstract class Timer {
  __next: Timer | null = null;
  __owner: Context | null = null;
  __rootId: u32 = 0;
  __dueNs: u64 = 0;
  __periodNs: u64 = 0;

  abstract onTick(): void;

  /**
   * Ticks every so many milliseconds from now on, until it is stopped or its owner is gone.
   *
   * @param owner a plugin, or a stream, in whose name it ticks
   */
  every(owner: Context, periodMs: u32): void {
    const period = max<u64>(periodMs, 1) * NS_PER_MS;
    this.__start(owner, period, period);
  }

  /** Ticks once, after so many milliseconds. */
  after(owner: Context, delayMs: u32): void {
    this.__start(owner, max<u64>(delayMs, 1) * NS_PER_MS, 0);
  }

  /** Ticks no more. */
  stop(): void {
    let before: Timer | null = null;
    let timer = timers;
    while (timer !== null && timer !== this) {
      before = timer;
      timer = timer.__next;
    }
    if (timer === null) return;
    if (before === null) timers = this.__next;
    else before.__next = this.__next;
    this.__next = null;
    this.__owner = null;
  }

  private __start(owner: Context, delayNs: u64, periodNs: u64): void {
    this.stop();
    const now = nowNs();
    this.__owner = owner;
    this.__rootId = owner.__rootId;
    this.__dueNs = now + delayNs;
    this.__periodNs = periodNs;
    this.__next = timers;
    timers = this;
    // The tick belongs to the plugin of whoever runs; from outside, that has to be the owner.
    schedule(this.__rootId, now);
  }
}

/** All that are started. */
let timers: Timer | null = null;
/** The plugin whose tick was set last, and to when. With one plugin in the machine that is all. */
let scheduledRoot: u32 = 0;
let scheduledMs: u32 = 0;

/** Runs what is due of a plugin's timers. */
export function tick(rootId: u32): void {
  const now = nowNs();
  // A timer that is started here is due later; one that is stopped is not found any more.
  for (;;) {
    const timer = dueTimer(rootId, now);
    if (timer === null) break;
    const owner = timer.__owner;
    if (timer.__periodNs == 0) timer.stop();
    // What was missed while nobody ticked is not made up for.
    else timer.__dueNs = max(timer.__dueNs + timer.__periodNs, now + 1);
    if (owner !== null) actFor(owner);
    timer.onTick();
  }
  schedule(rootId, nowNs());
}

function dueTimer(rootId: u32, now: u64): Timer | null {
  let due: Timer | null = null;
  let timer = timers;
  while (timer !== null) {
    if (timer.__rootId == rootId && timer.__dueNs <= now && (due === null || timer.__dueNs < due.__dueNs)) due = timer;
    timer = timer.__next;
  }
  return due;
}

/** Has the host tick when the next timer is due. */
function schedule(rootId: u32, now: u64): void {
  let next: u64 = u64.MAX_VALUE;
  let timer = timers;
  while (timer !== null) {
    if (timer.__rootId == rootId) next = min(next, timer.__dueNs);
    timer = timer.__next;
  }
  const delay: u64 = next == u64.MAX_VALUE ? 0 : next <= now ? 1 : (next - now + NS_PER_MS - 1) / NS_PER_MS;
  const milliseconds = <u32>min<u64>(delay, u32.MAX_VALUE);
  if (rootId == scheduledRoot && milliseconds == scheduledMs) return;
  scheduledRoot = rootId;
  scheduledMs = milliseconds;
  proxy_set_tick_period_milliseconds(milliseconds);
}

/** Stops the timers of a stream that is gone. */
export function forgetTimers(owner: Context): void {
  let timer = timers;
  while (timer !== null) {
    const next = timer.__next;
    if (timer.__owner === owner) timer.stop();
    timer = next;
  }
}
