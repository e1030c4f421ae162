import type { ConnectRouter } from '@connectrpc/connect';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import type { AdsTransport, Clock, CompiledView, ProxyNode, View } from '@heddle/model';
import type { DiscoveryCounters } from './counters.ts';
import type { DiscoveryLimits } from './discovery-limits.ts';
import type { DiscoveryStream } from './discovery-stream.ts';
import { InMemoryDiscovery } from './in-memory-discovery.ts';
import type { DiscoveryObserver } from './observer.ts';
import type { DeltaPush } from './push.ts';
import type { ResourceType } from './resource-type.ts';
import type { OpenStreamOptions } from './stream-host.ts';
import type { ConfigDump, StreamStatus } from './stream-status.ts';

export type { DiscoveryLimits };

/** Something that happened, for a log. */
export interface DiscoveryEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly nodeId?: string;
  readonly typeUrl?: string;
  /** The view of the stream that it is about. */
  readonly viewKey?: string;
  /** Of a refusal: the resources refused, and the client's words. */
  readonly rejected?: { readonly names: readonly string[]; readonly reason: string };
}

/** What a discovery server is made of. */
export interface DiscoveryServerOptions {
  /** Which view a data plane belongs to. Called when it connects, and for all on `update({ reclassify: true })`. */
  resolveView(node: ProxyNode): View;
  /** What a view offers now. An unchanged type should be the same Map as before, and an unchanged view the same object. */
  compile(view: View): CompiledView;
  /**
   * Called when a data plane comes whose view nobody has yet: the chance to do in pieces what `compile` would do in one go. Its requests
   * wait for the promise, whatever becomes of it; undefined if `compile` is quick.
   */
  prepare?(view: View): Promise<unknown> | undefined;
  log?(event: DiscoveryEvent): void;
  readonly observer?: DiscoveryObserver;
  readonly limits?: Partial<DiscoveryLimits>;
  /** Types served, in push order; by default `RESOURCE_TYPES`. */
  readonly types?: readonly ResourceType[];
  readonly clock?: Clock;
  /** A number from 0 to 1, for spreading the end of streams. */
  readonly random?: () => number;
}

/** How far an update goes. */
export interface UpdateOptions {
  /** Whether to ask anew which view each data plane belongs to. */
  readonly reclassify?: boolean;
}

/** What an update did. */
export interface UpdateSummary {
  /** Views in use, compiled once each. */
  readonly views: number;
  /** Resources that changed, summed over views. */
  readonly changedResources: number;
  /** Streams to which something is due. */
  readonly streams: number;
  /** Streams that moved to another view. */
  readonly reclassified: number;
}

/** A discovery server. */
export interface DiscoveryServer {
  /**
   * Tells the server that what `compile` gives may have changed: compiles each view in use once and sends what differs to the streams
   * concerned. With `reclassify`, asks `resolveView` again for every stream first.
   */
  update(options?: UpdateOptions): UpdateSummary;
  /**
   * The same, when it is worth it: at once if little was going on, together with other changes if many come, at the latest
   * `maxUpdateDelayMs` after the first of them (docs/decisions/0022-updates-follow-their-cost.md). Resolves when it is done.
   *
   * @param begin called when the update begins: the moment to switch to what `compile` is to see from now on
   */
  scheduleUpdate(begin?: () => UpdateOptions | undefined): Promise<UpdateSummary>;
  /** A transport for clients in this process; messages and their bytes are shared, not copied. */
  connect(): AdsTransport<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;
  /** The same for clients that speak state of the world. */
  connectStateOfTheWorld(): AdsTransport<DiscoveryRequest, DiscoveryResponse>;
  /** Serves aggregated discovery and the services of one type each on a Connect router. */
  registerRoutes(router: ConnectRouter): void;
  /**
   * Resolves when a new stream of a network transport may be opened, or when the signal says that its client has gone. Wait for it
   * before the first request is read, so that 1,000 clients that connect at once cost their connections only.
   */
  admit(signal?: AbortSignal): Promise<void>;
  /** Opens a stream below the level of messages: for transports. Throws `DiscoveryError` if the server takes no more. */
  openStream(peer: string, options?: OpenStreamOptions): DiscoveryStream;
  /** The message for a push of a delta stream, on a transport that carries messages. */
  toResponse(push: DeltaPush): DeltaDiscoveryResponse;
  /** The message for a push of a state-of-the-world stream. */
  toStateResponse(push: DeltaPush): DiscoveryResponse;
  /** Every open stream. */
  streams(): readonly StreamStatus[];
  /** What the newest stream of a data plane was last sent; undefined if it is not connected. */
  configDump(nodeId: string): ConfigDump | undefined;
  /** Resolves when every open stream was sent all that is due and has answered it. */
  settled(): Promise<void>;
  readonly counters: Readonly<DiscoveryCounters>;
  /** Refuses new streams and ends the open ones, at random moments within `drainMs` (0: at once); resolves when all have ended. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

/**
 * Serves resources to data planes by the xDS protocol, all four variants (https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol). It
 * does not know where resources come from: `compile` gives them by view, the server keeps clients in step with it.
 *
 * @example
 * const server = createDiscoveryServer({ resolveView: (node) => viewOf(node, new Set()), compile: () => compiled });
 * compiled = next;
 * server.update();
 */
export function createDiscoveryServer(options: DiscoveryServerOptions): DiscoveryServer {
  return new InMemoryDiscovery(options);
}
