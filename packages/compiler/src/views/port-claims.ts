import { type Diagnostic, diagnostic, type FieldPath, formatRef, type ResourceRef } from '@heddle/model';
import type { BoundAddress } from '../listeners/listener-address.ts';

/** Who wants a socket. */
export interface Claimant {
  readonly resource: ResourceRef;
  /** The port's declaration. */
  readonly path: FieldPath;
}

/**
 * The sockets of one proxy. Two listeners on one socket would make the proxy refuse the second, so it is not sent, and reported.
 */
export class PortClaims {
  readonly #claims = new Map<string, Claimant>();
  readonly #diagnostics: Diagnostic[];

  /** @param diagnostics gets a report of each claim that is refused */
  constructor(diagnostics: Diagnostic[]) {
    this.#diagnostics = diagnostics;
  }

  /** Whether the socket was free and now is the claimant's. */
  claim({ address, port }: BoundAddress, claimant: Claimant): boolean {
    const key = `${address} ${port}`;
    const holder = this.#claims.get(key);
    if (holder === undefined) {
      this.#claims.set(key, claimant);
      return true;
    }
    this.#diagnostics.push(
      diagnostic('HED210', {
        ...claimant,
        message: `${formatRef(holder.resource)} is served at ${address}:${port} already`,
        effect: 'this port is not served to callers',
        fix: 'use another port',
      }),
    );
    return false;
  }
}
