import type { DeltaDiscoveryRequest } from '@heddle/envoy-api/discovery';
import type { Clock, ProxyNode } from '@heddle/model';
import type { ChunkPlans } from './chunk.ts';
import type { DiscoveryCounters } from './counters.ts';
import type { DiscoveryStream } from './discovery-stream.ts';
import type { NameLists } from './name-list.ts';
import type { DiscoveryObserver } from './observer.ts';
import type { PushLimits } from './push.ts';
import type { ResourceType } from './resource-type.ts';
import type { StreamLifeLimits } from './stream-life.ts';
import type { TurnBudget } from './turn-budget.ts';
import type { ViewGroup } from './view-group.ts';

/** Bounds on what one stream may ask for. */
export interface StreamLimits extends PushLimits, StreamLifeLimits {
  /** Names that one stream may be subscribed to, over all types. */
  readonly maxNamesPerStream: number;
  /** From how many names on a list that a client subscribes to is kept once for all clients that subscribe to the same. */
  readonly minSharedNames: number;
}

/** Which messages a stream speaks ("Four Variants"). */
export type StreamVariant = 'delta' | 'state-of-the-world';

/** What is particular about one stream. */
export interface OpenStreamOptions {
  /** Default `delta`. */
  readonly variant?: StreamVariant;
  /** Serves this type only: the discovery service of one type. */
  readonly typeUrl?: string;
  /** Whether the client is in this process: its stream has no maximum age and no time limits. */
  readonly isLocal?: boolean;
  /**
   * Whether nobody else can read the connection, and the client is who it may be: loopback, a Unix socket, or an authenticated and
   * encrypted connection. Secrets are sent on no other. Default: whether it is in this process.
   */
  readonly isPrivate?: boolean;
  /** Breaks off the transport, when the stream ends while a response waits to be read by the client. */
  readonly abandon?: () => void;
}

/** What a stream needs of the server it belongs to. */
export interface StreamHost {
  readonly types: ReadonlyMap<string, ResourceType>;
  readonly limits: StreamLimits;
  readonly clock: Clock;
  readonly counters: DiscoveryCounters;
  /** Shared by all streams, so that many with something to send do not freeze the process. */
  readonly turnBudget: TurnBudget;
  readonly observer: DiscoveryObserver;
  readonly lists: NameLists;
  readonly plans: ChunkPlans;
  /** What to wait for before {@link join}; undefined for nothing. Throws `DiscoveryError`. */
  prepare(request: Partial<Pick<DeltaDiscoveryRequest, 'node'>>): Promise<unknown> | undefined;
  /** Joins the group of the node's view. Throws `DiscoveryError`. */
  join(stream: DiscoveryStream, node: ProxyNode): ViewGroup;
  readNode(request: Partial<Pick<DeltaDiscoveryRequest, 'node'>>): ProxyNode;
  /** Called after each step that may have left the stream settled, and when it has ended. */
  progressed(stream: DiscoveryStream): void;
  refused(stream: DiscoveryStream, typeUrl: string, message: string, names: readonly string[]): void;
  /** Called once for a stream that asks for secrets and is not private. */
  withheld(stream: DiscoveryStream): void;
  /** Called for a response that many clients cannot take. */
  oversize(stream: DiscoveryStream, typeUrl: string, bytes: number): void;
  /** A number from 0 to 1. */
  random(): number;
}
