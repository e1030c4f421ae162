import type { Clock } from '@heddle/model';
import type { Host } from './host.ts';
import type { RandomSource } from './load-balancer.ts';
import type { ConsecutiveErrors, OutlierSettings } from './outlier-settings.ts';

/** Counters since the cluster was first configured, by the names of Envoy's `outlier_detection` statistics. */
export interface OutlierStats {
  ejectionsActive: number;
  ejectionsEnforcedTotal: number;
  ejectionsOverflow: number;
  ejectionsDetectedConsecutive5xx: number;
  ejectionsEnforcedConsecutive5xx: number;
  ejectionsDetectedConsecutiveGatewayFailure: number;
  ejectionsEnforcedConsecutiveGatewayFailure: number;
  ejectionsDetectedConsecutiveLocalOriginFailure: number;
  ejectionsEnforcedConsecutiveLocalOriginFailure: number;
}

export function emptyOutlierStats(): OutlierStats {
  return {
    ejectionsActive: 0,
    ejectionsEnforcedTotal: 0,
    ejectionsOverflow: 0,
    ejectionsDetectedConsecutive5xx: 0,
    ejectionsEnforcedConsecutive5xx: 0,
    ejectionsDetectedConsecutiveGatewayFailure: 0,
    ejectionsEnforcedConsecutiveGatewayFailure: 0,
    ejectionsDetectedConsecutiveLocalOriginFailure: 0,
    ejectionsEnforcedConsecutiveLocalOriginFailure: 0,
  };
}

type ErrorKind = 'Consecutive5xx' | 'ConsecutiveGatewayFailure' | 'ConsecutiveLocalOriginFailure';

interface Monitor {
  serverErrors: number;
  gatewayErrors: number;
  localErrors: number;
  /** Undefined while the host is in use. */
  ejectedAtMs: number | undefined;
  unejectedAtMs: number | undefined;
  jitterMs: number;
  /** By how much the next ejection lasts longer than the base time. */
  backoff: number;
}

/** What outlier detection needs of its surroundings. */
export interface OutlierContext {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly stats: OutlierStats;
  /** A host was ejected, or taken in again. */
  onChange(): void;
}

/**
 * Ejects hosts that fail several times in a row, as Envoy's outlier detection does ("Outlier detection"): for the base time multiplied by
 * the number of ejections in a row, looked at once in an interval, and never more hosts at once than the percentage allows.
 */
export class OutlierDetector {
  readonly #settings: OutlierSettings;
  readonly #context: OutlierContext;
  #monitors = new Map<Host, Monitor>();
  #cancelTimer: (() => void) | undefined;

  constructor(settings: OutlierSettings, context: OutlierContext) {
    this.#settings = settings;
    this.#context = context;
    this.#armTimer();
  }

  /** The hosts of the cluster now; those that stay keep their counts. */
  follow(hosts: Iterable<Host>): void {
    const next = new Map<Host, Monitor>();
    for (const host of hosts) next.set(host, this.#monitors.get(host) ?? newMonitor());
    this.#monitors = next;
    this.#countActive();
  }

  isEjected(host: Host): boolean {
    return this.#monitors.get(host)?.ejectedAtMs !== undefined;
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** An endpoint answered with this status. */
  answered(host: Host, status: number): void {
    const monitor = this.#monitors.get(host);
    if (monitor === undefined) return;
    if (status < 500 || status > 599) {
      monitor.serverErrors = 0;
      monitor.gatewayErrors = 0;
      return;
    }
    const { gatewayErrors, serverErrors } = this.#settings;
    if (status === 502 || status === 503 || status === 504) {
      monitor.gatewayErrors++;
      if (monitor.gatewayErrors === gatewayErrors.count) {
        this.#detected(monitor, 'ConsecutiveGatewayFailure', gatewayErrors);
      }
    } else monitor.gatewayErrors = 0;
    monitor.serverErrors++;
    if (monitor.serverErrors === serverErrors.count) this.#detected(monitor, 'Consecutive5xx', serverErrors);
  }

  /** A request got a connection to the endpoint. */
  connected(host: Host): void {
    const monitor = this.#monitors.get(host);
    if (monitor !== undefined) monitor.localErrors = 0;
  }

  /** A request was not answered: its connection or stream failed (`503`), or time ran out (`504`). */
  failed(host: Host, status: 503 | 504): void {
    const { localErrors } = this.#settings;
    if (localErrors === undefined) {
      this.answered(host, status);
      return;
    }
    const monitor = this.#monitors.get(host);
    if (monitor === undefined) return;
    monitor.localErrors++;
    if (monitor.localErrors === localErrors.count) {
      this.#detected(monitor, 'ConsecutiveLocalOriginFailure', localErrors);
    }
  }

  #detected(monitor: Monitor, kind: ErrorKind, errors: ConsecutiveErrors): void {
    if (monitor.ejectedAtMs !== undefined) return;
    const { stats, random } = this.#context;
    stats[`ejectionsDetected${kind}`]++;
    if (!this.#hasRoom()) stats.ejectionsOverflow++;
    else if (random() * 100 < errors.enforcedPercent) {
      stats.ejectionsEnforcedTotal++;
      stats[`ejectionsEnforced${kind}`]++;
      this.#eject(monitor);
    }
    // Errors are counted anew, so that another bout of them is noticed.
    if (kind === 'Consecutive5xx') monitor.serverErrors = 0;
    else if (kind === 'ConsecutiveGatewayFailure') monitor.gatewayErrors = 0;
    else monitor.localErrors = 0;
    if (monitor.ejectedAtMs !== undefined) this.#changed();
  }

  #hasRoom(): boolean {
    const { maxEjectionPercent, alwaysEjectsOne } = this.#settings;
    const active = this.#countActive();
    return (alwaysEjectsOne && active === 0) || (100 * (active + 1)) / this.#monitors.size <= maxEjectionPercent;
  }

  #eject(monitor: Monitor): void {
    const { baseEjectionTimeMs, maxEjectionTimeMs, maxEjectionTimeJitterMs } = this.#settings;
    const { clock, random } = this.#context;
    monitor.ejectedAtMs = clock.nowMs();
    monitor.jitterMs = Math.floor(random() * (maxEjectionTimeJitterMs + 1));
    if (monitor.backoff * baseEjectionTimeMs < maxEjectionTimeMs + baseEjectionTimeMs) monitor.backoff++;
  }

  #armTimer(): void {
    this.#cancelTimer = this.#context.clock.after(this.#settings.intervalMs, () => {
      this.#lookAgain();
      this.#armTimer();
    });
  }

  #lookAgain(): void {
    const { baseEjectionTimeMs, maxEjectionTimeMs, intervalMs } = this.#settings;
    const now = this.#context.clock.nowMs();
    let changed = false;
    for (const monitor of this.#monitors.values()) {
      if (monitor.ejectedAtMs === undefined) continue;
      const lastsMs = Math.min(baseEjectionTimeMs * monitor.backoff, maxEjectionTimeMs) + monitor.jitterMs;
      if (now - monitor.ejectedAtMs < lastsMs) continue;
      monitor.ejectedAtMs = undefined;
      monitor.unejectedAtMs = now;
      monitor.serverErrors = 0;
      monitor.gatewayErrors = 0;
      monitor.localErrors = 0;
      changed = true;
    }
    // A host that has behaved for an interval is trusted a little more.
    for (const monitor of this.#monitors.values()) {
      if (monitor.ejectedAtMs !== undefined || monitor.unejectedAtMs === undefined || monitor.backoff === 0) continue;
      if (now - monitor.unejectedAtMs >= intervalMs) monitor.backoff--;
    }
    if (changed) this.#changed();
  }

  #changed(): void {
    this.#countActive();
    this.#context.onChange();
  }

  #countActive(): number {
    let active = 0;
    for (const { ejectedAtMs } of this.#monitors.values()) if (ejectedAtMs !== undefined) active++;
    this.#context.stats.ejectionsActive = active;
    return active;
  }
}

function newMonitor(): Monitor {
  return {
    serverErrors: 0,
    gatewayErrors: 0,
    localErrors: 0,
    ejectedAtMs: undefined,
    unejectedAtMs: undefined,
    jitterMs: 0,
    backoff: 0,
  };
}
