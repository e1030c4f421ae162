import { rankServerNames } from '@heddle/routing';
import type { DownstreamTls } from '../tls/tls-settings.ts';
import type { HttpListener } from './http-listener.ts';

/** A listener as it is served: one immutable generation of its chains. */
export interface ServedListener {
  readonly name: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly chains: readonly ServedChain[];
}

/** What happens to connections that a filter chain takes. */
export interface ServedChain {
  /** Tells the chain from the others of its listener, through all generations. */
  readonly key: string;
  /** Names that clients ask for in TLS, lower case; empty for all connections. */
  readonly serverNames: readonly string[];
  readonly isDefault: boolean;
  /** Undefined for plain text. */
  readonly tls: DownstreamTls | undefined;
  /** Undefined: connections are closed at once. */
  readonly http: HttpListener | undefined;
}

/**
 * The chain for a connection, by the name that the client asks for (Envoy, "FilterChainMatch"): the whole name, then the longest `*.`
 * name that it is within, then a chain for all names, then the default one.
 */
export function chainFor({ chains }: ServedListener, serverName: string | undefined): ServedChain | undefined {
  let best: ServedChain | undefined;
  let bestRank = -1;
  for (const chain of chains) {
    const rank = chain.isDefault ? -1 : rankServerNames(chain.serverNames, serverName ?? '');
    if (rank <= bestRank) continue;
    best = chain;
    bestRank = rank;
  }
  return best ?? chains.find(({ isDefault }) => isDefault);
}

/** Whether the first bytes of a connection decide what happens to it. */
export function inspectsTls({ chains }: ServedListener): boolean {
  return chains.some((chain) => chain.tls !== undefined || chain.serverNames.length > 0);
}
