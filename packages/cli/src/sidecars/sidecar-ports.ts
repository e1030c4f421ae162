import type { ListenerBinding, MeshSnapshot } from '@heddle/model';
import { freePort } from '../workloads/free-port.ts';

/**
 * The local ports of one sidecar's outbound listeners. On one loopback address every sidecar needs ports of its own, so each
 * service port gets a free one; a choice stays as long as some service has the port.
 */
export class SidecarPorts {
  readonly #address: string;
  readonly #chosen = new Map<number, number>();
  #binding: ListenerBinding;

  constructor(address: string) {
    this.#address = address;
    this.#binding = { address, ports: {} };
  }

  /** For the ports of the last {@link choose}; the same object while nothing changes. */
  get binding(): ListenerBinding {
    return this.#binding;
  }

  boundPort(configured: number): number | undefined {
    return this.#chosen.get(configured);
  }

  /** Chooses for exactly these configured ports. */
  async choose(configured: ReadonlySet<number>): Promise<void> {
    let changed = false;
    for (const port of this.#chosen.keys()) {
      if (!configured.has(port)) changed = this.#chosen.delete(port);
    }
    for (const port of configured) {
      if (this.#chosen.has(port)) continue;
      this.#chosen.set(port, await freePort(this.#address));
      changed = true;
    }
    if (!changed) return;
    const ports = [...this.#chosen].sort(([a], [b]) => a - b).map(([port, bound]) => [String(port), bound]);
    this.#binding = { address: this.#address, ports: Object.fromEntries(ports) };
  }
}

/** Every port by which workloads call: those of Services and ServiceEntries. */
export function calledPorts(snapshot: MeshSnapshot): ReadonlySet<number> {
  return new Set([
    ...snapshot.list('Service').flatMap(({ spec }) => (spec.ports ?? []).map(({ port }) => port)),
    ...snapshot.list('ServiceEntry').flatMap(({ spec }) => (spec.ports ?? []).map(({ number }) => number)),
  ]);
}
