import type { ObjectOf } from '@heddle/api';
import { compareText, type ResourceRef } from '@heddle/model';

export type Deployment = ObjectOf<'Deployment'>;
export type DestinationRule = ObjectOf<'DestinationRule'>;
export type Gateway = ObjectOf<'Gateway'>;
export type MeshConfig = ObjectOf<'MeshConfig'>;
export type Pod = ObjectOf<'Pod'>;
export type Secret = ObjectOf<'Secret'>;
export type Service = ObjectOf<'Service'>;
export type ServiceEntry = ObjectOf<'ServiceEntry'>;
export type Sidecar = ObjectOf<'Sidecar'>;
export type VirtualService = ObjectOf<'VirtualService'>;
export type WasmPlugin = ObjectOf<'WasmPlugin'>;

export type GatewayServer = Gateway['spec']['servers'][number];
export type ServerTls = NonNullable<GatewayServer['tls']>;
export type HttpRoute = NonNullable<VirtualService['spec']['http']>[number];
export type HttpMatch = NonNullable<HttpRoute['match']>[number];
export type HttpRedirect = NonNullable<HttpRoute['redirect']>;
export type HeaderOperations = NonNullable<HttpRoute['headers']>;
export type StringMatch = NonNullable<HttpMatch['uri']>;
export type ClientTls = NonNullable<TrafficPolicy['tls']>;
export type TrafficPolicy = NonNullable<DestinationRule['spec']['trafficPolicy']>;
export type Subset = NonNullable<DestinationRule['spec']['subsets']>[number];

interface Named {
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly creationTimestamp?: string;
  };
}

/** The namespace of a namespaced object; sources default it to `default` already. */
export function namespaceOf(object: Named): string {
  return object.metadata.namespace ?? 'default';
}

export function nameOf(object: Named): string {
  return object.metadata.name ?? '';
}

export function refOfObject(object: Named): ResourceRef {
  return { kind: object.kind, namespace: namespaceOf(object), name: nameOf(object) };
}

/** `namespace/name`, which is how Gateways and sources refer to one another. */
export function qualifiedName(object: Named): string {
  return `${namespaceOf(object)}/${nameOf(object)}`;
}

/** What decides which of two objects wins a conflict; see {@link compareAge}. */
export interface Age {
  /** Milliseconds since 1970; infinite without a time stamp. */
  readonly bornMs: number;
  readonly name: string;
}

export function ageOf(object: Named): Age {
  const written = object.metadata.creationTimestamp;
  const bornMs = written === undefined ? Number.NaN : Date.parse(written);
  return { bornMs: Number.isNaN(bornMs) ? Infinity : bornMs, name: `${nameOf(object)}.${namespaceOf(object)}` };
}

/**
 * The older object first, by `metadata.creationTimestamp`, then by name and namespace, as in Istio (`sortConfigByCreationTime`). Objects
 * from files have no time stamp and count as the youngest.
 */
export function compareAge(a: Age, b: Age): number {
  if (a.bornMs !== b.bornMs) return a.bornMs < b.bornMs ? -1 : 1;
  return compareText(a.name, b.name);
}

/** The objects from the oldest to the youngest. */
export function byAge<Item extends Named>(objects: readonly Item[]): readonly Item[] {
  return objects
    .map((object) => ({ object, age: ageOf(object) }))
    .sort((a, b) => compareAge(a.age, b.age))
    .map(({ object }) => object);
}
