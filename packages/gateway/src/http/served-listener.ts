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
export function chainFor(listener: ServedListener, serverName: string | undefined): ServedChain | undefined {
  const { chains } = listener;
  const named = (name: string): ServedChain | undefined =>
    chains.find((chain) => !chain.isDefault && chain.serverNames.includes(name));
  if (serverName !== undefined) {
    const exact = named(serverName);
    if (exact !== undefined) return exact;
    for (let dot = serverName.indexOf('.'); dot >= 0; dot = serverName.indexOf('.', dot + 1)) {
      const within = named(`*${serverName.slice(dot)}`);
      if (within !== undefined) return within;
    }
  }
  return (
    chains.find((chain) => !chain.isDefault && chain.serverNames.length === 0) ??
    chains.find((chain) => chain.isDefault)
  );
}

/** Whether the first bytes of a connection decide what happens to it. */
export function inspectsTls({ chains }: ServedListener): boolean {
  return chains.some((chain) => chain.tls !== undefined || chain.serverNames.length > 0);
}
