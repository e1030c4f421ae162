import type { ProxyNode, XdsResource } from '@heddle/model';
import type { ClientInfo } from './client-info.ts';
import type { DiscoveryStream } from './discovery-stream.ts';
import { isSettled, isUnanswered, type LastNack, type Subscription } from './subscription.ts';

/** What one stream is subscribed to and how far it has come, for one type. */
export interface SubscriptionStatus {
  readonly typeUrl: string;
  /** `CDS` and so on. */
  readonly label: string;
  readonly wildcard: boolean;
  /** Names subscribed to, without the wildcard's. */
  readonly subscribed: number;
  /** Those names, as they are when this is read. */
  readonly names: ReadonlySet<string>;
  /** Names due and not sent, held-back ones included. */
  readonly due: number;
  /** Responses sent and not answered. */
  readonly unanswered: number;
  readonly settled: boolean;
  readonly lastSentNonce?: string;
  readonly lastSentAtMs?: number;
  readonly lastAckedNonce?: string;
  readonly lastAckedAtMs?: number;
  readonly lastNack?: LastNack;
  /** What is held back, and why. */
  readonly heldBack: readonly { readonly name: string; readonly reason: string; readonly sinceMs: number }[];
  /** What the client refused and has not been replaced since. */
  readonly rejected: readonly {
    readonly name: string;
    readonly version: string;
    readonly message: string;
    readonly lastGoodVersion?: string;
  }[];
}

/** One connected data plane, as `/debug/syncz` and `/debug/connections` need it. */
export interface StreamStatus {
  /** Undefined before the first request. */
  readonly nodeId?: string;
  /** Undefined before the first request. */
  readonly proxy?: ProxyNode;
  readonly client?: ClientInfo;
  readonly viewKey?: string;
  /** Address of the other end, or `memory`. */
  readonly peer: string;
  /** Milliseconds since the epoch. */
  readonly connectedAtMs: number;
  readonly settled: boolean;
  readonly types: readonly SubscriptionStatus[];
}

/** What one data plane was last sent under one name. */
export interface SentResource {
  readonly name: string;
  readonly version: string;
  readonly state: 'acknowledged' | 'sent' | 'rejected';
  /** Undefined if the client stated the version on connecting and it was not resent. */
  readonly resource?: XdsResource;
  /** Why the client refused it. */
  readonly message?: string;
}

/** What one data plane was last sent, by type URL, in push order. */
export type ConfigDump = ReadonlyMap<string, readonly SentResource[]>;

export function streamStatus(stream: DiscoveryStream): StreamStatus {
  return {
    ...(stream.node === undefined ? {} : { nodeId: stream.node.id, proxy: stream.node, client: stream.client }),
    ...(stream.group === undefined ? {} : { viewKey: stream.group.view.key }),
    peer: stream.peer,
    connectedAtMs: stream.connectedAtMs,
    settled: stream.isSettled,
    types: [...stream.subscriptions.values()].map(subscriptionStatus),
  };
}

export function configDump(stream: DiscoveryStream): ConfigDump {
  return new Map(
    [...stream.subscriptions].map(([typeUrl, subscription]) => [
      typeUrl,
      [...subscription.held.names()].sort().map((name) => sentResource(subscription, name)),
    ]),
  );
}

function subscriptionStatus(subscription: Subscription): SubscriptionStatus {
  const { type, wildcard, names, held, asked, changed, batch, heldBack, outstanding, rejected } = subscription;
  const { lastSent, lastAcked, lastNack } = subscription;
  return {
    typeUrl: type.typeUrl,
    label: type.label,
    wildcard,
    subscribed: names.size,
    get names() {
      return new Set(names);
    },
    due: new Set([...asked, ...changed, ...batch, ...heldBack.keys(), ...held.unsent.flatMap((chunk) => chunk.names)])
      .size,
    unanswered: outstanding.size,
    settled: isSettled(subscription),
    ...(lastSent === undefined ? {} : { lastSentNonce: lastSent.nonce, lastSentAtMs: lastSent.atMs }),
    ...(lastAcked === undefined ? {} : { lastAckedNonce: lastAcked.nonce, lastAckedAtMs: lastAcked.atMs }),
    ...(lastNack === undefined ? {} : { lastNack }),
    heldBack: [...heldBack].map(([name, { reason, sinceMs }]) => ({ name, reason, sinceMs })),
    rejected: [...rejected].map(([name, { version, message, lastGood }]) => ({
      name,
      version,
      message,
      ...(lastGood === undefined ? {} : { lastGoodVersion: lastGood.version }),
    })),
  };
}

function sentResource(subscription: Subscription, name: string): SentResource {
  const held = subscription.held.get(name);
  const rejection = subscription.rejected.get(name);
  return {
    name,
    version: held?.version ?? '',
    state: rejection !== undefined ? 'rejected' : isUnanswered(subscription, name) ? 'sent' : 'acknowledged',
    ...(held?.resource === undefined ? {} : { resource: held.resource }),
    ...(rejection === undefined ? {} : { message: rejection.message }),
  };
}
