import type { Origin } from '@heddle/model';
import type { L4Leg } from '../routes/l4-routes.ts';

/** Connections of one listener that are forwarded as they are. */
export interface OutboundChain {
  /** Destination addresses, as blocks; empty for every one. */
  readonly blocks: readonly string[];
  /** Names that clients ask for in TLS; empty for every one and none. */
  readonly serverNames: readonly string[];
  readonly legs: readonly L4Leg[];
  /** Names several legs together in statistics. */
  readonly statPrefix: string;
  readonly origin: Origin;
}

/** What one outbound listener of a sidecar is made of. Plain data: equal entries make the same listener. */
export interface OutboundEntry {
  /** As configured: an address of a service, a pod's, or `0.0.0.0`. */
  readonly address: string;
  readonly port: number;
  /** The route configuration for connections that begin as HTTP; without one HTTP is not looked for. */
  readonly http: { readonly routes: string; readonly origin: Origin } | undefined;
  /** Of two that fit a connection, Envoy takes the one that asks for more. */
  readonly chains: readonly OutboundChain[];
}
