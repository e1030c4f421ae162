import { DiscoveryError } from './discovery-error.ts';
import type { ResourceType } from './resource-type.ts';
import type { StreamVariant } from './stream-host.ts';

/**
 * The type that a request is about.
 *
 * @param stated the request's `type_url`; may be empty on a stream that serves one type only
 * @param only the type of a stream that serves one type only
 * @throws DiscoveryError `invalid-argument` for a type that the stream does not serve, `unimplemented` for one that its variant lacks
 */
export function requestType(
  stated: string,
  types: ReadonlyMap<string, ResourceType>,
  variant: StreamVariant,
  only: string | undefined,
): ResourceType {
  const typeUrl = stated === '' && only !== undefined ? only : stated;
  if (only !== undefined && typeUrl !== only) {
    throw new DiscoveryError(
      'invalid-argument',
      `Cannot serve type "${typeUrl.slice(0, 200)}" on this stream, wanted ${only}: it belongs to the service of that type`,
    );
  }
  const type = types.get(typeUrl);
  if (type === undefined) {
    const served = [...types.keys()].join(', ');
    throw new DiscoveryError(
      'invalid-argument',
      `Cannot serve type "${typeUrl.slice(0, 200)}", wanted one of ${served}`,
    );
  }
  if (variant === 'state-of-the-world' && type.absent === 'empty-resource') {
    throw new DiscoveryError(
      'unimplemented',
      `Cannot serve ${type.label} by state of the world: the type exists in the delta variant only`,
    );
  }
  return type;
}

/** Resource locators (xDS-TP) are a feature of their own that nobody here speaks. Throws `DiscoveryError` if a request has some. */
export function refuseLocators(type: ResourceType, locators: readonly unknown[]): void {
  if (locators.length === 0) return;
  throw new DiscoveryError('unimplemented', `Cannot serve ${type.label}: resource locators are not supported`);
}
