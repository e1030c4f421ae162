import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
  VIRTUAL_HOST_TYPE_URL,
} from '@heddle/envoy-api';

/** How the protocol treats one resource type. */
export interface ResourceType {
  /** `type.googleapis.com/…`. */
  readonly typeUrl: string;
  /** The discovery service's abbreviation, for people: `CDS`. */
  readonly label: string;
  /** Whether `*`, or a first request without names, means "all"; elsewhere `*` is a name like any other. */
  readonly wildcard: boolean;
  /**
   * How a client learns that a name it asked for does not exist: in `removed_resources`, or (virtual hosts on demand, where a
   * removal would leave the request hanging) by a resource that has a name and an alias and no body.
   */
  readonly absent: 'removed' | 'empty-resource';
  /**
   * Types that may still refer to a resource of this type: a removal waits until the stream has acknowledged all their changes.
   */
  readonly removedAfter: readonly string[];
  /**
   * Each resource has a response of its own: where a client that refuses one stops reading, as Envoy does with configurations of filters
   * (an exception of one subscription ends the loop over all), the others must not stand beside it.
   */
  readonly alone?: true;
}

/**
 * The types served, in the order of a push: what is referred to comes before what refers to it.
 *
 * | type | wildcard | absent name | removal waits for |
 * | --- | --- | --- | --- |
 * | CDS | yes | removed | LDS, RDS, VHDS |
 * | EDS | no | removed | CDS, LDS, RDS, VHDS |
 * | SDS | no | removed | CDS, LDS |
 * | ECDS | no | removed | LDS |
 * | LDS | yes | removed | nothing: a listener that replaces another on the same port needs the removal in the same response |
 * | RDS | no | removed | LDS |
 * | VHDS | no | resource without body | nothing |
 *
 * Follows "Eventual consistency considerations" and "How the client specifies what resources to return" of the xDS protocol page.
 */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  {
    typeUrl: CLUSTER_TYPE_URL,
    label: 'CDS',
    wildcard: true,
    absent: 'removed',
    removedAfter: [LISTENER_TYPE_URL, ROUTE_CONFIGURATION_TYPE_URL, VIRTUAL_HOST_TYPE_URL],
  },
  {
    typeUrl: CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
    label: 'EDS',
    wildcard: false,
    absent: 'removed',
    removedAfter: [CLUSTER_TYPE_URL, LISTENER_TYPE_URL, ROUTE_CONFIGURATION_TYPE_URL, VIRTUAL_HOST_TYPE_URL],
  },
  {
    typeUrl: SECRET_TYPE_URL,
    label: 'SDS',
    wildcard: false,
    absent: 'removed',
    removedAfter: [CLUSTER_TYPE_URL, LISTENER_TYPE_URL],
  },
  {
    typeUrl: EXTENSION_CONFIG_TYPE_URL,
    label: 'ECDS',
    wildcard: false,
    absent: 'removed',
    removedAfter: [LISTENER_TYPE_URL],
    alone: true,
  },
  { typeUrl: LISTENER_TYPE_URL, label: 'LDS', wildcard: true, absent: 'removed', removedAfter: [] },
  {
    typeUrl: ROUTE_CONFIGURATION_TYPE_URL,
    label: 'RDS',
    wildcard: false,
    absent: 'removed',
    removedAfter: [LISTENER_TYPE_URL],
  },
  { typeUrl: VIRTUAL_HOST_TYPE_URL, label: 'VHDS', wildcard: false, absent: 'empty-resource', removedAfter: [] },
];

const ALONE: ReadonlySet<string> = new Set(
  RESOURCE_TYPES.filter(({ alone }) => alone === true).map(({ typeUrl }) => typeUrl),
);

/** Whether each resource of a type has a response of its own. */
export function travelsAlone(typeUrl: string): boolean {
  return ALONE.has(typeUrl);
}
