import type { DeltaDiscoveryRequest } from '@heddle/envoy-api/discovery';
import type { XdsResource } from '@heddle/model';
import { type Outstanding, type Subscription, unfold } from './subscription.ts';

/** The part of a request that answers a response; both variants have it. */
export type AnswerRequest = Pick<DeltaDiscoveryRequest, 'responseNonce'> &
  Partial<Pick<DeltaDiscoveryRequest, 'errorDetail'>>;

/**
 * Pairs an answer with the response it is about ("ACK and NACK semantics summary"): only `error_detail` makes it a refusal. An
 * answer settles the responses before it too, since a client answers in order.
 *
 * @param accepted called for each resource that the client accepts by this answer, if somebody wants to know
 * @returns whether the nonce was known
 */
export function applyAnswer(
  subscription: Subscription,
  request: AnswerRequest,
  atMs: number,
  accepted?: (resource: XdsResource) => void,
): boolean {
  const nonce = request.responseNonce;
  const answered = subscription.outstanding.get(nonce);
  if (answered === undefined) return false;
  const error = request.errorDetail;
  if (error !== undefined && answered.chunk !== undefined) {
    // A refusal is about single resources.
    unfold(subscription);
    return applyAnswer(subscription, request, atMs, accepted);
  }
  for (const [earlier, response] of subscription.outstanding) {
    subscription.outstanding.delete(earlier);
    if (earlier === nonce) break;
    accept(subscription, response, NONE, accepted);
  }
  if (error === undefined) {
    accept(subscription, answered, NONE, accepted);
    subscription.lastAcked = { nonce, atMs };
    return true;
  }
  const resources = answered.resources ?? [];
  const refused = refusedNames(
    resources.map(({ resource }) => resource.name),
    error.message,
  );
  for (const { resource, lastGood } of resources) {
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

const NONE: ReadonlySet<string> = new Set();

function accept(
  subscription: Subscription,
  response: Outstanding,
  except: ReadonlySet<string>,
  accepted: ((resource: XdsResource) => void) | undefined,
): void {
  const { fresh, rejected, held } = subscription;
  // The names of a chunk are fresh by standing in it.
  if (response.chunk !== undefined && fresh.size === 0 && rejected.size === 0 && accepted === undefined) return;
  for (const resource of response.chunk?.resources ?? (response.resources ?? []).map((one) => one.resource)) {
    if (except.has(resource.name)) continue;
    accepted?.(resource);
    fresh.delete(resource.name);
    // An older response must not clear the refusal of a newer version.
    if (rejected.size > 0 && held.version(resource.name) === resource.version) rejected.delete(resource.name);
  }
}
