import type { ResourcesByName, XdsResource } from '@heddle/model';
import type { Chunk } from './chunk.ts';
import { type HeldResource, HeldResources } from './held-resources.ts';
import type { ResourceType } from './resource-type.ts';
import { SubscribedNames } from './subscribed-names.ts';

/**
 * What responses of one type carry: `delta` changes; `full-set` everything the client is to have (state of the world of a type with a
 * wildcard, "Grouping Resources into Responses"); `partial` what is new, without a way to remove (state of the world, other types).
 */
export type ResponseStyle = 'delta' | 'full-set' | 'partial';

/** A response that the client has neither acknowledged nor rejected yet. */
export type Outstanding =
  | {
      /** What it carried, with the version the client had in use before. */
      readonly resources: readonly { readonly resource: XdsResource; readonly lastGood: HeldResource | undefined }[];
      readonly chunk?: undefined;
    }
  /** What many are sent: for the first time, or new versions of what the client had `before`. */
  | { readonly chunk: Chunk; readonly before?: ResourcesByName; readonly resources?: undefined };

/** A resource that the client refused. */
export interface Rejection {
  readonly version: string;
  /** The client's words. */
  readonly message: string;
  /** What the client still uses, if it ever accepted one. */
  readonly lastGood?: HeldResource;
}

/** A change that is due and not sent yet, and why. */
export interface HeldBack {
  readonly sinceMs: number;
  readonly reason: string;
  /** Whether the client asked for it by name. */
  readonly asked: boolean;
}

/** The last refusal of a response of one type. */
export interface LastNack {
  readonly nonce: string;
  readonly message: string;
  readonly atMs: number;
  /** The resources refused. */
  readonly names: readonly string[];
}

/**
 * One stream's subscription to one type: all that the protocol remembers about it. A plain value; the functions of `receive.ts` and
 * `push.ts` change it.
 */
export interface Subscription {
  readonly type: ResourceType;
  readonly style: ResponseStyle;
  /** Whether the client wants all there is. */
  wildcard: boolean;
  /** Whether the client ever subscribed or unsubscribed by name; from then on an empty request means nothing. */
  named: boolean;
  /** Names the client asked for. */
  readonly names: SubscribedNames;
  readonly held: HeldResources;
  /** Names to answer even if the client holds their current version. */
  readonly asked: Set<string>;
  /** Names that changed since the last push began. */
  changed: Set<string>;
  /** What is left of the push in progress. */
  batch: Set<string>;
  /** What is due and held back. */
  readonly heldBack: Map<string, HeldBack>;
  /** Names sent to this client for the first time and not acknowledged, besides those in chunks: see {@link isFresh}. */
  readonly fresh: Set<string>;
  /** Unanswered responses by nonce, oldest first. */
  readonly outstanding: Map<string, Outstanding>;
  readonly rejected: Map<string, Rejection>;
  /** A first wildcard request must be answered, even if there is nothing to send. */
  owesAnswer: boolean;
  lastSent?: { readonly nonce: string; readonly atMs: number };
  lastAcked?: { readonly nonce: string; readonly atMs: number };
  lastNack?: LastNack;
}

/** A subscription before its first request. */
export function emptySubscription(type: ResourceType, style: ResponseStyle): Subscription {
  const names = new SubscribedNames();
  const subscription: Subscription = {
    type,
    style,
    wildcard: false,
    named: false,
    names,
    held: new HeldResources((name) => wants(subscription, name)),
    asked: new Set(),
    changed: new Set(),
    batch: new Set(),
    heldBack: new Map(),
    fresh: new Set(),
    outstanding: new Map(),
    rejected: new Map(),
    owesAnswer: false,
  };
  return subscription;
}

/** Whether the client is subscribed to a name, by itself or by wildcard. */
export function wants(subscription: Subscription, name: string): boolean {
  return subscription.wildcard || subscription.names.has(name);
}

/** Whether something waits to be sent. */
export function hasDue(subscription: Subscription): boolean {
  return subscription.owesAnswer || hasDueNames(subscription);
}

/** Whether names wait to be sent. */
export function hasDueNames(subscription: Subscription): boolean {
  return (
    subscription.asked.size > 0 ||
    subscription.changed.size > 0 ||
    subscription.batch.size > 0 ||
    subscription.heldBack.size > 0 ||
    subscription.held.unsent.length > 0
  );
}

/** Whether everything was sent and answered. */
export function isSettled(subscription: Subscription): boolean {
  return !hasDue(subscription) && subscription.outstanding.size === 0;
}

/** Whether a name was sent to this client for the first time and is not acknowledged. */
export function isFresh({ fresh, outstanding }: Subscription, name: string): boolean {
  if (fresh.has(name)) return true;
  for (const response of outstanding.values()) if (firstTimeChunk(response)?.carries(name)) return true;
  return false;
}

/** The shared chunk that a response consisted of, if its resources were new to the client. */
export function firstTimeChunk(response: Outstanding): Chunk | undefined {
  return response.chunk === undefined || response.before !== undefined ? undefined : response.chunk;
}

/** Whether a response that carried a name is unanswered. */
export function isUnanswered({ outstanding }: Subscription, name: string): boolean {
  for (const response of outstanding.values()) {
    if (response.chunk === undefined) {
      if (response.resources.some(({ resource }) => resource.name === name)) return true;
    } else if (response.chunk.carries(name)) return true;
  }
  return false;
}

/** Whether a name stands in a shared chunk that is to be sent or not answered. */
export function isInChunk({ held, outstanding }: Subscription, name: string): boolean {
  for (const chunk of held.unsent) if (chunk.has(name)) return true;
  for (const { chunk } of outstanding.values()) if (chunk?.carries(name)) return true;
  return false;
}

/** Notes that names may differ from what the client holds; what turns out to be equal is not sent. */
export function markChanged(subscription: Subscription, names: Iterable<string>): void {
  const { held, batch, heldBack, changed } = subscription;
  if (held.unsent.length > 0) {
    // What is to be sent is sent as it was cut, so it must not have changed since.
    const all = [...names];
    unplan(subscription, (chunk) => all.some((name) => chunk.has(name)));
  }
  for (const name of names) {
    // A name that waits in a push in progress is read when it is sent, so the later change rides along.
    if (!batch.has(name) && !heldBack.has(name)) changed.add(name);
  }
}

/** Looks at shared chunks name by name from here on, those to be sent and those not answered: for whatever concerns single names. */
export function unfold(subscription: Subscription): void {
  const { outstanding, fresh } = subscription;
  unplan(subscription);
  for (const [nonce, response] of outstanding) {
    if (response.chunk === undefined) continue;
    const { chunk, before } = response;
    const resources = chunk.resources.map((resource) => {
      const had = before?.get(resource.name);
      if (had === undefined) fresh.add(resource.name);
      return { resource, lastGood: had === undefined ? undefined : { version: had.version, resource: had } };
    });
    outstanding.set(nonce, { resources });
  }
}

/** The names of chunks that are to be sent are due one by one. */
function unplan({ held, wildcard, batch, asked }: Subscription, isMeant?: (chunk: Chunk) => boolean): void {
  const due = wildcard || held.before !== undefined ? batch : asked;
  for (const name of held.unplan(isMeant)) due.add(name);
}
