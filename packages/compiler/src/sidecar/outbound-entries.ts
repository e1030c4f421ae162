import { type Diagnostic, diagnostic, formatRef, listenerName, type Origin } from '@heddle/model';
import type { OutboundChain, OutboundEntry } from '../listeners/outbound-entry.ts';
import type { PortProtocol } from '../registry/port-protocol.ts';

interface Growing {
  readonly address: string;
  readonly port: number;
  http: OutboundEntry['http'];
  readonly chains: OutboundChain[];
  /** Who has which destination and server name. */
  readonly taken: Map<string, Origin>;
  /** Set where a server may speak first: looking at a client's first bytes would wait for ever. */
  serverFirst: Origin | undefined;
}

/** Protocols whose servers speak first. */
const SERVER_FIRST: ReadonlySet<PortProtocol> = new Set(['mongo', 'mysql']);

/**
 * Collects what services want of a sidecar's outbound listeners: those that share an address and a port share a listener, in which
 * connections are told apart by protocol, destination and server name (Istio's `buildSidecarOutboundListener` and its conflicts).
 */
export class OutboundEntries {
  readonly #entries = new Map<string, Growing>();
  readonly #locked = new Set<string>();
  readonly #diagnostics: Diagnostic[];

  /** @param diagnostics gets a report of each claim that is refused */
  constructor(diagnostics: Diagnostic[]) {
    this.#diagnostics = diagnostics;
  }

  /** From now on the listeners that are there stay as they are: a Sidecar has said what is served at them. */
  lock(): void {
    for (const name of this.#entries.keys()) this.#locked.add(name);
  }

  /**
   * Connections that begin as HTTP get these routes. Of several for one listener the first stays: they name the same. Whether it is
   * the one that was asked for.
   */
  addHttp(address: string, port: number, routes: string, origin: Origin): boolean {
    if (this.#locked.has(listenerName(address, port))) return false;
    const entry = this.#entry(address, port);
    if (entry.http !== undefined) return false;
    if (entry.serverFirst !== undefined) {
      this.#refuse(origin, entry, entry.serverFirst, 'its servers speak first, which HTTP beside them would prevent');
      return false;
    }
    entry.http = { routes, origin };
    return true;
  }

  /** Connections to some destinations and server names are forwarded; what others have already is left to them. */
  addChain(address: string, port: number, protocol: PortProtocol, chain: OutboundChain): void {
    if (this.#locked.has(listenerName(address, port))) return;
    const entry = this.#entry(address, port);
    if (SERVER_FIRST.has(protocol)) {
      if (entry.http !== undefined) {
        this.#refuse(
          chain.origin,
          entry,
          entry.http.origin,
          'HTTP is looked for there, for which servers that speak first wait in vain',
        );
        return;
      }
      entry.serverFirst = chain.origin;
    }
    const pairs = (chain.blocks.length === 0 ? [''] : chain.blocks).flatMap((block) =>
      (chain.serverNames.length === 0 ? [''] : chain.serverNames).map((name) => ({
        block,
        name,
        key: `${block} ${name}`,
      })),
    );
    const holder = pairs.map(({ key }) => entry.taken.get(key)).find((found) => found !== undefined);
    if (holder !== undefined) {
      this.#refuse(chain.origin, entry, holder, 'connections there cannot be told apart');
      return;
    }
    for (const { key } of pairs) entry.taken.set(key, chain.origin);
    entry.chains.push(chain);
  }

  /** In the order of ports, then addresses. */
  entries(): readonly OutboundEntry[] {
    const found = [...this.#entries.values()].filter(({ http, chains }) => http !== undefined || chains.length > 0);
    found.sort((a, b) => a.port - b.port || (a.address < b.address ? -1 : 1));
    return found.map(({ address, port, http, chains }) => ({ address, port, http, chains }));
  }

  #entry(address: string, port: number): Growing {
    const name = listenerName(address, port);
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { address, port, http: undefined, chains: [], taken: new Map(), serverFirst: undefined };
      this.#entries.set(name, entry);
    }
    return entry;
  }

  #refuse({ resource, path }: Origin, { address, port }: Growing, holder: Origin, why: string): void {
    this.#diagnostics.push(
      diagnostic('HED210', {
        resource,
        path,
        message: `${formatRef(holder.resource)} is served at ${address}:${port} already: ${why}`,
        effect: 'this port is not served to callers',
        fix: 'use another port, or give the services addresses of their own',
      }),
    );
  }
}
