import type { DeltaDiscoveryRequest } from '@heddle/envoy-api/discovery';
import type { ResourcesByName } from '@heddle/model';
import type { ChunkPlans } from './chunk.ts';
import { mayWaitForClusters } from './make-before-break.ts';
import type { NameList, NameLists } from './name-list.ts';
import type { AnswerRequest } from './receive-answer.ts';
import { isInChunk, markChanged, type Subscription, unfold } from './subscription.ts';
import { WILDCARD } from './wildcard.ts';

/** The subscription part of a delta request. */
export type SubscriptionRequest = Pick<
  DeltaDiscoveryRequest,
  'resourceNamesSubscribe' | 'resourceNamesUnsubscribe' | 'initialResourceVersions'
>;

/** A request of the delta variant: what is read of its message. */
export type DeltaRequest = Pick<
  DeltaDiscoveryRequest,
  'typeUrl' | 'resourceLocatorsSubscribe' | 'resourceLocatorsUnsubscribe'
> &
  Partial<Pick<DeltaDiscoveryRequest, 'node'>> &
  SubscriptionRequest &
  AnswerRequest;

/** What a request changed about who is interested in what. */
export interface InterestChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** A list added as a whole; its names are not in {@link added}. */
  readonly list?: NameList;
  /** Lists taken apart: the client is interested in their names one by one. Some of those may be {@link removed}. */
  readonly dissolved: readonly NameList[];
  readonly wildcard: 'added' | 'removed' | 'same';
}

/** What {@link applySubscriptions} needs to know about the stream around the subscription. */
export interface SubscriptionContext {
  /** What the stream's view offers of this type. */
  readonly available: ResourcesByName;
  /** Whether another client of the view refused something of this type. */
  readonly hasRefusals: boolean;
  readonly lists: NameLists;
  readonly plans: ChunkPlans;
  /** Whether a name that the client has in the stated version needs no answer. */
  isSpared(name: string, version: string): boolean;
}

const NO_CHANGE: InterestChange = { added: [], removed: [], dissolved: [], wildcard: 'same' };

/**
 * Applies the subscription part of one request ("How the client specifies what resources to return", "Subscribing to
 * Resources", "Unsubscribing from Resources"). Takes no notice of the nonce: subscription changes count even in a request whose
 * nonce is stale ("Incremental xDS").
 */
export function applySubscriptions(
  subscription: Subscription,
  request: SubscriptionRequest,
  isFirst: boolean,
  context: SubscriptionContext,
): InterestChange {
  const { type, names, held } = subscription;
  const { available } = context;
  const isLegacyWildcard = type.wildcard && !subscription.named && isEmptyRequest(request);
  if (!isEmptyRequest(request)) subscription.named = true;
  // An answer, and nothing else.
  if (isEmptyRequest(request) && (!isLegacyWildcard || subscription.wildcard)) return NO_CHANGE;

  // A Map, since names are the client's: `__proto__` is a name like any other.
  const stated = new Map(isFirst ? Object.entries(request.initialResourceVersions) : []);
  const planned = planNames(subscription, request, stated, context);
  if (planned !== undefined) return planned;

  const before = subscription.wildcard;
  const added: string[] = [];
  const removed: string[] = [];
  const dissolved: NameList[] = [];
  const subscribe = new Set(request.resourceNamesSubscribe);
  const unsubscribe = new Set(request.resourceNamesUnsubscribe);
  // Where `*` has no meaning it is not a name either: virtual hosts list it on reconnect without wanting everything.
  const asksForAll = subscribe.delete(WILDCARD) && type.wildcard;
  const leavesAll = unsubscribe.delete(WILDCARD) && type.wildcard;
  const sharesAll =
    subscribe.size === 0 && isUntouched(subscription) && mayShare(subscription, request, stated, context);
  const asksAgain = asksForAll || leavesAll || unsubscribe.size > 0;
  if (asksAgain || [...subscribe].some((name) => isInChunk(subscription, name))) unfold(subscription);

  for (const name of unsubscribe) {
    const deleted = names.delete(name);
    if (!deleted.found) continue;
    if (deleted.dissolved !== undefined) dissolved.push(deleted.dissolved);
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
    if (version !== undefined && context.isSpared(name, version)) continue;
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
    else if (sharesAll) held.plan(available, context.plans.whole(type.typeUrl, available));
    else markChanged(subscription, [...available.keys(), ...stated.keys()]);
    // Even if nothing is to be sent: data planes hold their start until the first answer, and a client that reconnects learns from
    // it that the stream works.
    subscription.owesAnswer = true;
  }
  const wildcard = subscription.wildcard === before ? 'same' : before ? 'removed' : 'added';
  return { added, removed, dissolved, wildcard };
}

/** Subscribes to names that the client did not have, if they may be sent as chunks; shared ones if others ask for the same names. */
function planNames(
  subscription: Subscription,
  request: SubscriptionRequest,
  stated: ReadonlyMap<string, string>,
  context: SubscriptionContext,
): InterestChange | undefined {
  const { names, held } = subscription;
  const { available, plans, lists } = context;
  const wanted = request.resourceNamesSubscribe;
  if (wanted.length === 0 || !mayShare(subscription, request, stated, context)) return undefined;
  const list = lists.find(wanted);
  if (list !== undefined && names.addList(list)) {
    held.plan(available, plans.listed(list, available));
    return { ...NO_CHANGE, list };
  }
  const added = new Set(wanted);
  if (added.has(WILDCARD) || wanted.some((name) => names.has(name))) return undefined;
  for (const name of added) names.add(name);
  held.plan(available, plans.single(added, available));
  return { ...NO_CHANGE, added: [...added] };
}

/**
 * Whether what a request asks for may be sent as chunks: if nothing is to be decided name by name, because the client has nothing of
 * it, nobody refused anything, and it waits for nothing.
 */
function mayShare(
  { type, style, wildcard, names, held, rejected }: Subscription,
  request: SubscriptionRequest,
  stated: ReadonlyMap<string, string>,
  { available, hasRefusals }: SubscriptionContext,
): boolean {
  if (style !== 'delta' || wildcard || held.before !== undefined || mayWaitForClusters(type.typeUrl)) return false;
  if (request.resourceNamesUnsubscribe.length > 0 || stated.size > 0 || hasRefusals || rejected.size > 0) return false;
  return held.follows(available) || (names.size === 0 && held.differences === 0);
}

/** Whether nothing is to be sent, and nothing unanswered. */
function isUntouched({ names, asked, changed, batch, heldBack, held, outstanding }: Subscription): boolean {
  const due = asked.size + changed.size + batch.size + heldBack.size + held.unsent.length;
  return names.size + due + outstanding.size === 0;
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
