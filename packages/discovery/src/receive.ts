import type { DeltaDiscoveryRequest } from '@heddle/envoy-api/discovery';
import type { ResourcesByName, XdsResource } from '@heddle/model';
import { markChanged, type Outstanding, type Subscription } from './subscription.ts';

/** The name that means "all". */
export const WILDCARD = '*';

/** The subscription part of a delta request. */
export type SubscriptionRequest = Pick<
  DeltaDiscoveryRequest,
  'resourceNamesSubscribe' | 'resourceNamesUnsubscribe' | 'initialResourceVersions'
>;

/** The part of a request that answers a response; both variants have it. */
export type AnswerRequest = Pick<DeltaDiscoveryRequest, 'responseNonce' | 'errorDetail'>;

/** What a request changed about who is interested in what. */
export interface InterestChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly wildcard: 'added' | 'removed' | 'same';
}

/**
 * Applies the subscription part of one request ("How the client specifies what resources to return", "Subscribing to
 * Resources", "Unsubscribing from Resources"). Takes no notice of the nonce: subscription changes count even in a request whose
 * nonce is stale ("Incremental xDS").
 *
 * @param available what the stream's view offers of this type
 * @param isSpared whether a name that the client has in the stated version needs no answer
 */
export function applySubscriptions(
  subscription: Subscription,
  request: SubscriptionRequest,
  isFirst: boolean,
  available: ResourcesByName,
  isSpared: (name: string, version: string) => boolean = (name, version) => version === available.get(name)?.version,
): InterestChange {
  const { type, names, held } = subscription;
  const before = subscription.wildcard;
  const added: string[] = [];
  const removed: string[] = [];
  const subscribe = new Set(request.resourceNamesSubscribe);
  const unsubscribe = new Set(request.resourceNamesUnsubscribe);
  // Where `*` has no meaning it is not a name either: virtual hosts list it on reconnect without wanting everything.
  const asksForAll = subscribe.delete(WILDCARD) && type.wildcard;
  const leavesAll = unsubscribe.delete(WILDCARD) && type.wildcard;
  const isLegacyWildcard = type.wildcard && !subscription.named && isEmptyRequest(request);
  if (!isEmptyRequest(request)) subscription.named = true;

  for (const name of unsubscribe) {
    if (!names.delete(name)) continue;
    removed.push(name);
    if (subscription.wildcard) {
      // The client cannot know whether the wildcard still covers the name: it must be told. A full set says so by itself.
      if (subscription.style === 'delta') subscription.asked.add(name);
    } else {
      forget(subscription, name);
    }
  }
  if (subscription.style === 'full-set' && subscription.wildcard) {
    // A client of state of the world that names some of what it had by wildcard goes on using that.
    for (const name of subscribe) {
      if (names.has(name)) continue;
      names.add(name);
      added.push(name);
    }
  }
  if (leavesAll && subscription.wildcard) {
    subscription.wildcard = false;
    // What it may still have of the names it keeps, only a full set says.
    if (subscription.style !== 'full-set' || names.size === 0) subscription.owesAnswer = false;
    held.prune();
    for (const name of dueNames(subscription)) if (!names.has(name)) forget(subscription, name);
  }

  // A Map, since names are the client's: `__proto__` is a name like any other.
  const stated = new Map(isFirst ? Object.entries(request.initialResourceVersions) : []);
  for (const name of subscribe) {
    if (!names.has(name)) {
      const isCovered = subscription.wildcard;
      names.add(name);
      added.push(name);
      // Before this moment the name was not wanted, so nothing that the shared state says about it holds.
      if (!isCovered) held.drop(name);
    }
    const version = stated.get(name);
    if (version !== undefined) held.set(name, { version });
    if (version !== undefined && isSpared(name, version)) continue;
    subscription.asked.add(name);
  }
  if (asksForAll || (isLegacyWildcard && !subscription.wildcard)) {
    const isRepeated = subscription.wildcard;
    if (!isRepeated) {
      held.unshare();
      subscription.wildcard = true;
    }
    for (const [name, version] of stated) if (!names.has(name)) held.set(name, { version });
    // A repeated wildcard may come from a client that forgot what it had.
    if (isRepeated) for (const name of available.keys()) subscription.asked.add(name);
    else markChanged(subscription, [...available.keys(), ...stated.keys()]);
    // Even if nothing is to be sent: data planes hold their start until the first answer, and a client that reconnects learns from
    // it that the stream works.
    subscription.owesAnswer = true;
  }
  const wildcard = subscription.wildcard === before ? 'same' : before ? 'removed' : 'added';
  return { added, removed, wildcard };
}

/**
 * Pairs an answer with the response it is about ("ACK and NACK semantics summary"): only `error_detail` makes it a refusal. An
 * answer settles the responses before it too, since a client answers in order.
 *
 * @param accepted called for each resource that the client accepts by this answer
 * @returns whether the nonce was known
 */
export function applyAnswer(
  subscription: Subscription,
  request: AnswerRequest,
  atMs: number,
  accepted: (resource: XdsResource) => void = () => {},
): boolean {
  const nonce = request.responseNonce;
  const answered = subscription.outstanding.get(nonce);
  if (answered === undefined) return false;
  for (const [earlier, response] of subscription.outstanding) {
    subscription.outstanding.delete(earlier);
    if (earlier === nonce) break;
    accept(subscription, response, new Set(), accepted);
  }
  const error = request.errorDetail;
  if (error === undefined) {
    accept(subscription, answered, new Set(), accepted);
    subscription.lastAcked = { nonce, atMs };
    return true;
  }
  const refused = refusedNames(
    answered.resources.map(({ resource }) => resource.name),
    error.message,
  );
  for (const { resource, lastGood } of answered.resources) {
    if (!refused.has(resource.name)) continue;
    subscription.fresh.delete(resource.name);
    const earlier = subscription.rejected.get(resource.name);
    // What was in use when it was sent may have been refused since.
    const inUse = earlier !== undefined && earlier.version === lastGood?.version ? earlier.lastGood : lastGood;
    subscription.rejected.set(resource.name, {
      version: resource.version,
      message: error.message,
      ...(inUse === undefined ? {} : { lastGood: inUse }),
    });
  }
  accept(subscription, answered, refused, accepted);
  subscription.lastNack = { nonce, message: error.message, atMs, names: [...refused] };
  return true;
}

/**
 * Which resources of a refused response the client's message blames: those whose names stand in it as whole words, or all of them
 * if none does. Envoy and our own client name each refused resource and use the others.
 */
export function refusedNames(names: readonly string[], message: string): Set<string> {
  const blamed = names.filter((name) => mentions(message, name));
  return new Set(blamed.length > 0 ? blamed : names);
}

const NAME_CHARACTER = /[\w.|-]/;

function mentions(message: string, name: string): boolean {
  for (let at = message.indexOf(name); at !== -1 && name !== ''; at = message.indexOf(name, at + 1)) {
    const before = message[at - 1] ?? ' ';
    const after = message[at + name.length] ?? ' ';
    // A full stop after a name ends a sentence more often than it continues a name.
    const goesOn =
      after === '.' ? NAME_CHARACTER.test(message[at + name.length + 1] ?? ' ') : NAME_CHARACTER.test(after);
    if (!NAME_CHARACTER.test(before) && !goesOn) return true;
  }
  return false;
}

function accept(
  subscription: Subscription,
  response: Outstanding,
  except: ReadonlySet<string>,
  accepted: (resource: XdsResource) => void,
): void {
  for (const { resource } of response.resources) {
    if (except.has(resource.name)) continue;
    accepted(resource);
    subscription.fresh.delete(resource.name);
    // An older response must not clear the refusal of a newer version.
    if (subscription.held.version(resource.name) === resource.version) subscription.rejected.delete(resource.name);
  }
}

function forget(subscription: Subscription, name: string): void {
  subscription.held.drop(name);
  subscription.asked.delete(name);
  subscription.changed.delete(name);
  subscription.batch.delete(name);
  subscription.heldBack.delete(name);
  subscription.fresh.delete(name);
  subscription.rejected.delete(name);
}

function dueNames(subscription: Subscription): string[] {
  const { asked, changed, batch, heldBack, fresh, rejected } = subscription;
  return [...asked, ...changed, ...batch, ...heldBack.keys(), ...fresh, ...rejected.keys()];
}

function isEmptyRequest(request: SubscriptionRequest): boolean {
  return request.resourceNamesSubscribe.length === 0 && request.resourceNamesUnsubscribe.length === 0;
}
