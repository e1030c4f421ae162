import type { Host } from './host.ts';
import { createHostPicker, type HostPicker, type LoadBalancing, type RandomSource } from './load-balancer.ts';

/** Envoy's coarse health: unhealthy hosts are used in panic only, degraded ones when the healthy do not suffice. */
export type HostHealth = 'healthy' | 'degraded' | 'unhealthy';

/** A configured endpoint. */
export interface HostEntry {
  readonly host: Host;
  readonly weight: number;
  readonly health: HostHealth;
  /** 0 = first choice. */
  readonly priority: number;
}

/** How hosts are chosen; from the cluster. */
export interface HostSetSettings {
  readonly balancing: LoadBalancing;
  /** `healthy_panic_threshold` in percent, 50 unless configured. */
  readonly panicThreshold: number;
  /** `overprovisioning_factor` of the load assignment in percent, 140 unless configured. */
  readonly overprovisioningFactor: number;
}

interface Level {
  readonly healthy: HostPicker;
  readonly degraded: HostPicker;
  readonly everyone: HostPicker;
  /** Hosts at this level, for sharing load when all levels panic. */
  readonly size: number;
  panicking: boolean;
  /** Share of all requests in percent, healthy and degraded hosts apart. */
  healthyLoad: number;
  degradedLoad: number;
}

/**
 * The endpoints of a cluster at one moment. Load goes to priority 0 while enough of it is healthy (a level at 72 % with an
 * overprovisioning factor of 1.4 still takes everything) and spills to the next ones, healthy before degraded; a level below
 * the panic threshold is used whole. See "Priority levels" and "Panic threshold" in Envoy's documentation.
 */
export class HostSet {
  readonly entries: readonly HostEntry[];
  readonly #levels: Level[] = [];
  readonly #random: RandomSource;
  readonly #single: HostPicker | undefined;

  constructor(entries: readonly HostEntry[], settings: HostSetSettings, random: RandomSource, nowMs?: () => number) {
    this.entries = entries;
    this.#random = random;
    const priorities = [...new Set(entries.map(({ priority }) => priority))].sort((a, b) => a - b);
    const picker = (hosts: readonly HostEntry[]) =>
      lazily(() => createHostPicker(settings.balancing, hosts, random, nowMs));
    const capacity: { healthy: number; degraded: number }[] = [];
    for (const priority of priorities) {
      const here = entries.filter((entry) => entry.priority === priority);
      const healthy = here.filter(({ health }) => health === 'healthy');
      const degraded = here.filter(({ health }) => health === 'degraded');
      const percent = (part: number) =>
        Math.min(100, Math.floor((part * settings.overprovisioningFactor) / here.length));
      capacity.push({ healthy: percent(healthy.length), degraded: percent(degraded.length) });
      this.#levels.push({
        healthy: picker(healthy),
        degraded: picker(degraded),
        everyone: picker(here),
        size: here.length,
        panicking: ((healthy.length + degraded.length) * 100) / here.length < settings.panicThreshold,
        healthyLoad: 0,
        degradedLoad: 0,
      });
    }
    shareLoad(this.#levels, capacity);
    const first = this.#levels[0];
    if (this.#levels.length === 1 && first !== undefined) {
      if (first.panicking) this.#single = first.everyone;
      else if (first.healthyLoad === 100) this.#single = first.healthy;
    }
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** The next host, or undefined when there is none to use; a request's hash decides the level as well. See {@link HostPicker}. */
  pick(hash?: bigint, attempt = 0): Host | undefined {
    if (this.#single !== undefined) return this.#single.pick(hash, attempt);
    let point = hash === undefined ? this.#random() * 100 : Number(hash % 100n);
    for (const level of this.#levels) {
      point -= level.healthyLoad;
      if (point < 0) return (level.panicking ? level.everyone : level.healthy).pick(hash, attempt);
    }
    for (const level of this.#levels) {
      point -= level.degradedLoad;
      if (point < 0) return (level.panicking ? level.everyone : level.degraded).pick(hash, attempt);
    }
    return undefined;
  }
}

/** A picker that is built when it is first asked: tables of hashes cost milliseconds, and most levels are never used. */
function lazily(build: () => HostPicker): HostPicker {
  let built: HostPicker | undefined;
  return {
    pick(hash, attempt) {
      built ??= build();
      return built.pick(hash, attempt);
    },
  };
}

function shareLoad(levels: readonly Level[], capacity: readonly { healthy: number; degraded: number }[]): void {
  const total = Math.min(
    100,
    capacity.reduce((sum, { healthy, degraded }) => sum + healthy + degraded, 0),
  );
  if (total === 100) {
    // Together the levels can carry everything: then none panics, its load goes to the others.
    for (const level of levels) level.panicking = false;
  } else if (levels.every(({ panicking }) => panicking)) {
    const hosts = levels.reduce((sum, { size }) => sum + size, 0);
    for (const level of levels) level.healthyLoad = (level.size * 100) / hosts;
    return;
  }
  if (total === 0) return;
  let left = 100;
  const take = (part: number) => {
    const share = Math.min(left, Math.floor((part * 100) / total));
    left -= share;
    return share;
  };
  levels.forEach((level, i) => {
    level.healthyLoad = take(capacity[i]?.healthy ?? 0);
  });
  levels.forEach((level, i) => {
    level.degradedLoad = take(capacity[i]?.degraded ?? 0);
  });
  // What rounding left over goes to the first level that carries something.
  const loaded = levels.find((level) => level.healthyLoad + level.degradedLoad > 0);
  if (loaded === undefined) return;
  if (loaded.healthyLoad > 0) loaded.healthyLoad += left;
  else loaded.degradedLoad += left;
}
