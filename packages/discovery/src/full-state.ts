import { contentHash, type ResourcesByName, type XdsResource } from '@heddle/model';
import type { Subscription } from './subscription.ts';

/** What a state-of-the-world response carries. */
export interface FullState {
  /**
   * `version_info`: a hash of what is carried. Of a full set it says exactly what the client has, on every stream and every replica
   * ("ACK/NACK and resource type instance version").
   */
  readonly version: string;
  readonly resources: readonly XdsResource[];
}

/** Most clients are to have exactly what their view offers: one value serves them all. */
const statesOfViews = new WeakMap<ResourcesByName, FullState>();

/** All that a view offers of one type, as a state. */
export function stateOfView(available: ResourcesByName): FullState {
  let state = statesOfViews.get(available);
  if (state === undefined) {
    state = stateOf([...available.values()]);
    statesOfViews.set(available, state);
  }
  return state;
}

/**
 * Everything that a client is to have of one type. What waits for other things is there in the version before, and so is what the
 * client refused: a full set that left it out would delete it.
 *
 * @param sent what this response brings, even if the client refused it before
 */
export function fullStateOf(
  subscription: Subscription,
  available: ResourcesByName,
  sent: readonly XdsResource[],
): FullState {
  const { held, rejected } = subscription;
  const resources: XdsResource[] = [];
  const isSent = new Set(rejected.size === 0 ? [] : sent.map(({ name }) => name));
  const take = (name: string): boolean => {
    const has = held.get(name);
    if (has === undefined) return false;
    const rejection = isSent.has(name) ? undefined : rejected.get(name);
    const resource = rejection?.version === has.version ? rejection.lastGood?.resource : has.resource;
    if (resource !== undefined) resources.push(resource);
    return resource === available.get(name);
  };
  // In the view's order, so that equal sets have equal versions.
  let isWhole = true;
  for (const name of available.keys()) isWhole = take(name) && isWhole;
  for (const name of held.names()) {
    if (available.has(name)) continue;
    isWhole = false;
    take(name);
  }
  return isWhole ? stateOfView(available) : stateOf(resources);
}

/** Some of a type's resources. */
export function stateOf(resources: readonly XdsResource[]): FullState {
  const identity = resources.map(({ name, version }) => `${name.length}:${name}${version}`).join('\n');
  return { version: contentHash(new TextEncoder().encode(identity)), resources };
}
