import type { ListenerBinding } from '@heddle/model';
import { isPortFree } from '../workloads/free-port.ts';

/** Ports below it need root on most systems. */
const FIRST_UNPRIVILEGED_PORT = 1024;
/** Added to a privileged port: 80 is served on 8080, 443 on 8443. */
const PRIVILEGED_OFFSET = 8000;
/** How many following ports are tried when the wanted one is taken. */
const MAX_TRIES = 100;

/** Why a configured port is served on another one. */
export interface MovedPort {
  readonly configured: number;
  readonly wanted: number;
  readonly bound: number;
}

/**
 * Chooses the local port for each port that gateways configure: privileged ones 8000 higher, taken ones the next free. A choice
 * stays as long as the port is configured, so that edits do not move what people have open in a browser.
 */
export class ListenerPorts {
  readonly address: string;
  readonly #chosen = new Map<number, MovedPort>();
  #binding: ListenerBinding;

  constructor(address: string) {
    this.address = address;
    this.#binding = { address, ports: {} };
  }

  /** The binding for the ports of the last {@link choose}; the same object while nothing changes. */
  get binding(): ListenerBinding {
    return this.#binding;
  }

  /** Every configured port with the one it is served on. */
  get ports(): readonly MovedPort[] {
    return [...this.#chosen.values()].sort((a, b) => a.configured - b.configured);
  }

  /** Chooses for exactly these configured ports; returns the choices that are new. */
  async choose(configured: Iterable<number>): Promise<readonly MovedPort[]> {
    const wanted = new Set(configured);
    let changed = false;
    for (const port of this.#chosen.keys()) {
      if (!wanted.has(port)) changed = this.#chosen.delete(port);
    }
    const fresh: MovedPort[] = [];
    for (const port of [...wanted].sort((a, b) => a - b)) {
      if (this.#chosen.has(port)) continue;
      const choice = await this.#chooseOne(port);
      this.#chosen.set(port, choice);
      fresh.push(choice);
    }
    if (changed || fresh.length > 0) {
      const ports = Object.fromEntries(this.ports.map(({ configured: port, bound }) => [String(port), bound]));
      this.#binding = { address: this.address, ports };
    }
    return fresh;
  }

  async #chooseOne(configured: number): Promise<MovedPort> {
    const wanted = localPort(configured);
    const taken = new Set([...this.#chosen.values()].map(({ bound }) => bound));
    for (let bound = wanted; bound < wanted + MAX_TRIES && bound <= 65535; bound++) {
      if (!taken.has(bound) && (await isPortFree(bound, this.address))) return { configured, wanted, bound };
    }
    // None is free: the data plane says so when it tries, and everything else is served.
    return { configured, wanted, bound: wanted };
  }
}

/** Where a configured port is served when nothing else holds it: 80 → 8080, 443 → 8443, 9090 → 9090. */
export function localPort(configured: number): number {
  return configured < FIRST_UNPRIVILEGED_PORT ? configured + PRIVILEGED_OFFSET : configured;
}
