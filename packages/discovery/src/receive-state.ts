import type { DiscoveryRequest } from '@heddle/envoy-api/discovery';
import type { SubscriptionRequest } from './receive.ts';
import type { Subscription } from './subscription.ts';
import { WILDCARD } from './wildcard.ts';

/**
 * What a state-of-the-world request changes, in the words of the delta protocol: the names that it lists and the client did not have,
 * and those that it does not list any more ("How the client specifies what resources to return"). From there on both variants are
 * one mechanism.
 *
 * A client that never named anything and lists nothing goes on meaning "all", where a type has a wildcard; one that did has left.
 */
export function stateAsChange(
  subscription: Subscription,
  request: Pick<DiscoveryRequest, 'resourceNames'>,
): SubscriptionRequest {
  const { names, wildcard, named } = subscription;
  const listed = new Set(request.resourceNames);
  const asksForAll = listed.delete(WILDCARD);
  const subscribe = [...listed].filter((name) => !names.has(name));
  const unsubscribe = [...names].filter((name) => !listed.has(name));
  if (asksForAll && !wildcard) subscribe.push(WILDCARD);
  const isLegacyWildcard = !named && listed.size === 0;
  if (wildcard && !asksForAll && !isLegacyWildcard) unsubscribe.push(WILDCARD);
  // A listed `*` counts as a name given, even if it changes nothing.
  if (asksForAll) subscription.named = true;
  return { resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe, initialResourceVersions: {} };
}

/**
 * Whether a request answers a response that a newer one has overtaken, and so gets no answer itself ("Resource updates"). A request
 * without a nonce was sent before the client saw any response: what it lists counts. Nonces of an earlier stream mean nothing on this
 * one, so the first request of a type is never stale.
 */
export function isStale(subscription: Subscription, nonce: string, isFirst: boolean): boolean {
  return !isFirst && nonce !== '' && nonce !== subscription.lastSent?.nonce;
}
