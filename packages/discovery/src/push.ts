import type { ResourcesByName, XdsResource } from '@heddle/model';
import { type Chunk, type ChunkLimits, type ChunkPlans, fits } from './chunk.ts';
import { type FullState, fullStateOf, stateOf } from './full-state.ts';
import type { HeldResource } from './held-resources.ts';
import { mayWaitForClusters } from './make-before-break.ts';
import { travelsAlone } from './resource-type.ts';
import {
  type HeldBack,
  hasDue,
  hasDueNames,
  isFresh,
  type Outstanding,
  type Subscription,
  unfold,
  wants,
} from './subscription.ts';

/** How much one response may carry, and how long a client may hold things up. */
export interface PushLimits extends ChunkLimits {
  /** How long a change waits for acknowledgements of one stream before it is sent all the same. Milliseconds. */
  readonly holdLimitMs: number;
  /**
   * How long what a client stated to have, and what is gone, is kept after it connected: it may not have said yet what else it uses,
   * routes to those clusters for instance. Milliseconds.
   */
  readonly reconnectGraceMs: number;
}

/** One response to send: neutral about its encoding, so that messages and raw bytes can both be made of it. */
export interface DeltaPush {
  readonly typeUrl: string;
  readonly nonce: string;
  /** What is new to the client. */
  readonly resources: readonly XdsResource[];
  /** Names to answer by a resource without body. */
  readonly absent: readonly string[];
  /** Names for `removed_resources`. */
  readonly removed: readonly string[];
  /** What it carries, if other streams are sent just the same: encoded once. */
  readonly chunk?: Chunk;
  /** On a state-of-the-world stream, what the response carries instead. */
  readonly state?: FullState;
  /** Resources that the client has and may go on using: only names and versions are sent. */
  readonly heartbeats?: readonly XdsResource[];
  /** Whether times to live are sent along. */
  readonly expires?: boolean;
}

/** A version of a resource that some client of the view refused, and what is offered in its place. */
export interface Refusal {
  readonly version: string;
  /** Its `resource` is unknown if the client that refused only stated the version, on connecting. */
  readonly lastGood: HeldResource;
}

/** What {@link takePush} needs to know about the stream around the subscription. */
export interface PushContext {
  readonly available: ResourcesByName;
  readonly limits: PushLimits;
  readonly plans: ChunkPlans;
  readonly nowMs: number;
  /** Whether there are refusals of the type at all. */
  readonly hasRefusals: boolean;
  /** Whether another client of the view refused what is offered. */
  readonly refusal: (name: string) => Refusal | undefined;
  readonly reasonToHoldBack: (resource: XdsResource) => string | undefined;
  readonly reasonToKeep: (name: string) => string | undefined;
}

type Verdict =
  | { readonly send: XdsResource }
  | { readonly wait: string }
  | 'absent'
  | 'remove'
  /** Gone, and the protocol has no word for it. */
  | 'forget'
  | 'nothing';

/** Responses remembered per subscription; a client that never answers must not make the server remember more. */
const MAX_OUTSTANDING = 256;

/**
 * Takes what is due next out of a subscription, at most one response's worth, and notes it as sent. Names asked for are answered at
 * once; changes wait until the client has answered the last push (so that at most one is on its way), and merge meanwhile.
 *
 * @returns undefined if nothing may be sent now
 */
export function takePush(
  subscription: Subscription,
  context: PushContext,
  nextNonce: () => string,
): DeltaPush | undefined {
  if (!hasDue(subscription)) return undefined;
  // What another client refused is not for this one: it takes a look at each name.
  if (context.hasRefusals) unfold(subscription);
  else planUpdate(subscription, context);
  const planned = takeChunk(subscription, context, nextNonce);
  if (planned !== undefined) return planned;
  if (subscription.batch.size === 0 && subscription.changed.size > 0 && !awaitsAnswer(subscription, context)) {
    subscription.batch = subscription.changed;
    subscription.changed = new Set();
  }
  const contents = collect(subscription, context);
  const isEmpty = contents.resources.length + contents.absent.length + contents.removed.length === 0;
  // The empty answer to a first wildcard is for a view without resources, not for resources that are held back.
  if (isEmpty && (!subscription.owesAnswer || hasDueNames(subscription))) return undefined;
  subscription.owesAnswer = false;
  const nonce = nextNonce();
  noteSent(subscription, contents, nonce, context.nowMs);
  const push: DeltaPush = { typeUrl: subscription.type.typeUrl, nonce, ...contents };
  switch (subscription.style) {
    case 'delta':
      return push;
    case 'full-set':
      return { ...push, state: fullStateOf(subscription, context.available, contents.resources) };
    case 'partial':
      return { ...push, state: stateOf(contents.resources) };
  }
}

const NO_NAMES: readonly string[] = [];

/**
 * A client that has exactly what its view offered before, and has answered everything, is sent what all such clients are sent: the new
 * versions, cut and encoded once. What comes or goes is a matter of single names, as is what must wait.
 */
function planUpdate(subscription: Subscription, { available, plans }: PushContext): void {
  const { type, style, wildcard, names, held, asked, batch, heldBack, changed } = subscription;
  if (changed.size === 0 || style !== 'delta' || mayWaitForClusters(type.typeUrl)) return;
  if (asked.size + batch.size + heldBack.size + held.unsent.length > 0) return;
  if (subscription.outstanding.size + subscription.fresh.size + subscription.rejected.size > 0) return;
  if (held.differences > 0) return;
  const update = plans.between(held.base, available);
  if (!update.suits(wildcard, names)) return;
  changed.clear();
  held.planUpdate(available, update.chunks);
}

/** Takes the next of the chunks that the client shares with others: nothing in them is to be decided any more. */
function takeChunk(subscription: Subscription, { nowMs }: PushContext, nextNonce: () => string): DeltaPush | undefined {
  const { before } = subscription.held;
  const chunk = subscription.held.takeChunk();
  if (chunk === undefined) return undefined;
  subscription.owesAnswer = false;
  const nonce = nextNonce();
  noteOutstanding(subscription, before === undefined ? { chunk } : { chunk, before }, nonce, nowMs);
  const { typeUrl, absent } = subscription.type;
  const [removed, empty] = absent === 'removed' ? [chunk.missing, NO_NAMES] : [NO_NAMES, chunk.missing];
  return { typeUrl, nonce, resources: chunk.resources, absent: empty, removed, ...(chunk.isShared ? { chunk } : {}) };
}

/** When something that is held up now may be sent without the client's answer; undefined if nothing is held up. */
export function nextDeadline(subscription: Subscription, limits: PushLimits): number | undefined {
  let deadline = Number.POSITIVE_INFINITY;
  for (const { sinceMs } of subscription.heldBack.values()) deadline = Math.min(deadline, sinceMs + limits.holdLimitMs);
  if (subscription.changed.size > 0) {
    if (subscription.outstanding.size > 0 && subscription.lastSent !== undefined) {
      deadline = Math.min(deadline, subscription.lastSent.atMs + limits.holdLimitMs);
    }
  }
  return deadline === Number.POSITIVE_INFINITY ? undefined : deadline;
}

/** What one response says. */
interface Contents {
  readonly resources: XdsResource[];
  readonly absent: string[];
  readonly removed: string[];
}

function collect(subscription: Subscription, context: PushContext): Contents {
  const { limits, nowMs } = context;
  const contents: Contents = { resources: [], absent: [], removed: [] };
  let bytes = 0;
  let count = 0;
  for (const name of dueNames(subscription)) {
    const before = subscription.heldBack.get(name);
    const asked = subscription.asked.has(name) || before?.asked === true;
    const verdict = judge(subscription, name, asked, before, context);
    if (typeof verdict === 'object' && 'wait' in verdict) {
      settleName(subscription, name);
      subscription.heldBack.set(name, { sinceMs: before?.sinceMs ?? nowMs, reason: verdict.wait, asked });
      continue;
    }
    const resource = typeof verdict === 'object' ? verdict.send : undefined;
    const size = resource?.bytes.length ?? name.length;
    const isCarried = verdict !== 'nothing' && verdict !== 'forget';
    // A full set is one response, however large.
    const isFull = travelsAlone(subscription.type.typeUrl) || !fits(count, bytes, size, limits);
    if (isCarried && count > 0 && subscription.style !== 'full-set' && isFull) break;
    settleName(subscription, name);
    if (verdict === 'forget') noteGone(subscription, name);
    if (!isCarried) continue;
    count += 1;
    bytes += size;
    if (resource !== undefined) contents.resources.push(resource);
    else (verdict === 'absent' ? contents.absent : contents.removed).push(name);
  }
  return contents;
}

/** The names to look at. The caller takes names out of the sets while it iterates; what it took out does not come again. */
function* dueNames({ asked, heldBack, batch }: Subscription): IterableIterator<string> {
  const heldBackBefore = [...heldBack.keys()];
  yield* asked;
  for (const name of heldBackBefore) if (heldBack.has(name)) yield name;
  yield* batch;
}

function judge(
  subscription: Subscription,
  name: string,
  asked: boolean,
  before: HeldBack | undefined,
  context: PushContext,
): Verdict {
  if (!wants(subscription, name) && !asked) return 'nothing';
  const resource = wants(subscription, name) ? context.available.get(name) : undefined;
  const isOverdue = before !== undefined && before.sinceMs + context.limits.holdLimitMs <= context.nowMs;
  if (resource !== undefined) {
    const offer = offerTo(subscription, resource, asked, context.refusal(name));
    if (offer === undefined || (!asked && subscription.held.version(name) === offer.version)) return 'nothing';
    const reason = isOverdue ? undefined : context.reasonToHoldBack(offer);
    return reason === undefined ? { send: offer } : { wait: reason };
  }
  const isHeld = subscription.held.version(name) !== undefined;
  // State of the world has no answer for what is absent, and only full sets say what is gone.
  if (subscription.style === 'partial') return isHeld ? 'forget' : 'nothing';
  if (!isHeld && (!asked || subscription.style === 'full-set')) return 'nothing';
  // What the client holds may be in use; a name that it does not hold is answered at once.
  const reason = isOverdue || !isHeld ? undefined : context.reasonToKeep(name);
  if (reason !== undefined) return { wait: reason };
  return asked && subscription.type.absent === 'empty-resource' ? 'absent' : 'remove';
}

/**
 * What of a resource is offered to this client: its current version, unless that was refused, by this client or by another of the
 * same view; then the last version that was accepted, until the resource changes. Undefined if the client has that already.
 */
function offerTo(
  { held, rejected }: Subscription,
  current: XdsResource,
  asked: boolean,
  refusal: Refusal | undefined,
): XdsResource | undefined {
  const { name, version } = current;
  const heldVersion = held.version(name);
  if (heldVersion === version) {
    if (!asked) return undefined;
    return rejected.get(name)?.version === version && refusal?.version === version
      ? (refusal.lastGood.resource ?? current)
      : current;
  }
  if (refusal?.version !== version) return current;
  if (heldVersion === refusal.lastGood.version && !asked) return undefined;
  return refusal.lastGood.resource ?? current;
}

function settleName(subscription: Subscription, name: string): void {
  subscription.asked.delete(name);
  subscription.batch.delete(name);
  subscription.changed.delete(name);
  subscription.heldBack.delete(name);
}

function noteSent(subscription: Subscription, contents: Contents, nonce: string, atMs: number): void {
  const { held, fresh, rejected } = subscription;
  const resources: { readonly resource: XdsResource; readonly lastGood: HeldResource | undefined }[] = [];
  for (const resource of contents.resources) {
    const before = held.get(resource.name);
    const lastGood = rejected.has(resource.name)
      ? rejected.get(resource.name)?.lastGood
      : isFresh(subscription, resource.name)
        ? undefined
        : before;
    if (before === undefined) fresh.add(resource.name);
    held.set(resource.name, { version: resource.version, resource });
    resources.push({ resource, lastGood });
  }
  for (const name of [...contents.absent, ...contents.removed]) noteGone(subscription, name);
  noteOutstanding(subscription, { resources }, nonce, atMs);
}

/** Notes that a response is on its way, and what it carries. */
export function noteOutstanding(subscription: Subscription, response: Outstanding, nonce: string, atMs: number): void {
  const { outstanding } = subscription;
  outstanding.set(nonce, response);
  // What is forgotten is never acknowledged: its names must be known as such.
  if (outstanding.size > MAX_OUTSTANDING) unfold(subscription);
  for (const oldest of outstanding.keys()) {
    if (outstanding.size <= MAX_OUTSTANDING) break;
    outstanding.delete(oldest);
  }
  subscription.lastSent = { nonce, atMs };
}

function noteGone({ held, fresh, rejected }: Subscription, name: string): void {
  held.drop(name);
  fresh.delete(name);
  rejected.delete(name);
}

/** Whether a push is on its way to a client that may still be expected to answer. */
function awaitsAnswer({ outstanding, lastSent }: Subscription, { limits, nowMs }: PushContext): boolean {
  // An answer settles all earlier responses, so if any is unanswered the last one is.
  return outstanding.size > 0 && lastSent !== undefined && lastSent.atMs + limits.holdLimitMs > nowMs;
}
