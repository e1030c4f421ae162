import { create, toBinary } from '@bufbuild/protobuf';
import { RouteConfigurationSchema, VirtualHost_TlsRequirementType, VirtualHostSchema } from '@heddle/envoy-api/route';
import {
  contentHash,
  type Diagnostic,
  diagnostic,
  formatFieldPath,
  formatRef,
  type Origin,
  type ResourceRef,
  refKey,
  virtualHostName,
} from '@heddle/model';
import { concatBytes, encodeField } from '../encoding.ts';
import type { GatewayPort } from '../gateways/gateway-ports.ts';
import { hostDomain } from '../hosts/ip-address.ts';
import type { Memo } from '../memo.ts';
import { refOfObject } from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';
import { conditionsOf, mergeBySpecificity } from './merged-routes.ts';
import type { EncodedRoute, RouteList } from './route-list.ts';

/** A virtual host encoded as an element of a RouteConfiguration's `virtual_hosts`. */
export interface EncodedVirtualHost {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The content hash of the bytes, as ASCII: part of the version of what contains them. */
  readonly hash: Uint8Array;
  /** Undefined for virtual hosts that settings make. */
  readonly origin: Origin | undefined;
  readonly routes: readonly EncodedRoute[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The virtual host of one host at a gateway's port. */
export function buildGatewayVirtualHost(
  memo: Memo,
  first: RouteList,
  host: string,
  port: number,
  settings: MeshSettings,
  ...others: readonly RouteList[]
): EncodedVirtualHost {
  return mergedVirtualHost(memo, virtualHostName(host, port), [hostDomain(host)], [first, ...others], settings);
}

/** As {@link buildGatewayVirtualHost}, for requests over TLS only: others are redirected there. */
export function buildHttpsOnlyVirtualHost(
  memo: Memo,
  first: RouteList,
  host: string,
  port: number,
  settings: MeshSettings,
  ...others: readonly RouteList[]
): EncodedVirtualHost {
  const name = virtualHostName(host, port);
  return mergedVirtualHost(memo, name, [hostDomain(host)], [first, ...others], settings, true);
}

/** The virtual host of one host at a sidecar's outbound port. */
export function buildMeshVirtualHost(
  memo: Memo,
  list: RouteList,
  host: string,
  port: number,
  domains: readonly string[],
  settings: MeshSettings,
): EncodedVirtualHost {
  return mergedVirtualHost(memo, virtualHostName(host, port), domains, [list], settings);
}

/**
 * A virtual host made of the routes of one or several objects, given in order of precedence and merged by how specific they are.
 */
function mergedVirtualHost(
  _memo: Memo,
  name: string,
  domains: readonly string[],
  given: readonly RouteList[],
  settings: MeshSettings,
  httpsOnly = false,
): EncodedVirtualHost {
  const diagnostics: Diagnostic[] = [];
  const lists = withinLimit(given, name, settings.limits.maxRoutesPerVirtualHost, diagnostics);
  const byObject = withoutRepetition(lists);
  const routes = mergeBySpecificity(byObject);
  if (byObject.length > 1) {
    reportSharing(byObject, routes, name, diagnostics);
    reportUnreachable(routes, name, diagnostics);
  }
  const [first] = given;
  const origin = first === undefined ? undefined : { resource: first.resource, path: [] };
  return encodeVirtualHost(name, domains, routes, origin, diagnostics, httpsOnly);
}

/** Encodes a virtual host around routes that are encoded already. */
export function encodeVirtualHost(
  name: string,
  domains: readonly string[],
  routes: readonly EncodedRoute[],
  origin: Origin | undefined,
  diagnostics: readonly Diagnostic[],
  httpsOnly = false,
): EncodedVirtualHost {
  // `x-envoy-attempt-count` is told to endpoints, as by Istio's proxies.
  const header = create(VirtualHostSchema, {
    name,
    domains: [...domains],
    includeRequestAttemptCount: true,
    ...(httpsOnly ? { requireTls: VirtualHost_TlsRequirementType.ALL } : {}),
  });
  const body = concatBytes([toBinary(VirtualHostSchema, header), ...routes.map((route) => route.bytes)]);
  const bytes = encodeField(RouteConfigurationSchema, 'virtualHosts', body);
  return { name, bytes, hash: asciiHash(bytes), origin, routes, diagnostics };
}

/** `is`, or `was` if nothing tells them apart: neither their bytes nor what is said about them. */
export function unchangedVirtualHost(was: EncodedVirtualHost | undefined, is: EncodedVirtualHost): EncodedVirtualHost {
  if (was === undefined || was.name !== is.name || !sameBytes(was.hash, is.hash)) return is;
  const said = ({ bytes: _bytes, hash: _hash, routes, ...rest }: EncodedVirtualHost): string =>
    JSON.stringify([rest, routes.map(({ bytes: _encoded, ...route }) => route)]);
  return said(was) === said(is) ? was : is;
}

/** {@link contentHash} as bytes, so that hashes of many parts can be joined without making text of them. */
export function asciiHash(bytes: Uint8Array): Uint8Array {
  return new TextEncoder().encode(contentHash(bytes));
}

/** How many routes a report lists in their order. */
const MAX_LISTED = 12;

/** HED214: whose routes a host has, and in which order they are tried. */
function reportSharing(
  byObject: readonly (readonly EncodedRoute[])[],
  routes: readonly EncodedRoute[],
  name: string,
  diagnostics: Diagnostic[],
): void {
  const owners = byObject.flatMap(([first]) => first?.written?.virtualService ?? []);
  const [oldest, ...others] = owners.map(refOfObject);
  if (oldest === undefined) return;
  const order = routes.slice(0, MAX_LISTED).flatMap(({ origins: [first] }) => {
    if (first === undefined) return [];
    const { resource, path } = first[1];
    return `${resource.namespace}/${resource.name} ${formatFieldPath(path)}`;
  });
  const rest = routes.length > MAX_LISTED ? ` and ${routes.length - MAX_LISTED} more` : '';
  const with_ = (owner: ResourceRef): string =>
    [oldest, ...others]
      .filter((other) => refKey(other) !== refKey(owner))
      .map(formatRef)
      .join(', ');
  for (const resource of others) {
    diagnostics.push(
      diagnostic('HED214', {
        resource,
        path: ['spec', 'hosts'],
        message: `"${name}" has routes of ${with_(resource)} too; they are tried in this order: ${order.join('; ')}${rest}`,
        effect: 'the more specific routes are tried first, equally specific ones by the age of their objects',
      }),
    );
  }
}

/** HED205: routes that match what another object's route matches before them. */
function reportUnreachable(routes: readonly EncodedRoute[], name: string, diagnostics: Diagnostic[]): void {
  const winners = new Map<string, Origin>();
  for (const route of routes) {
    const origin = route.origins[0]?.[1];
    const conditions = route.catchAll ? '' : conditionsOf(route);
    if (origin === undefined || conditions === undefined) continue;
    const winner = winners.get(conditions);
    if (winner === undefined) {
      winners.set(conditions, origin);
      continue;
    }
    if (refKey(winner.resource) === refKey(origin.resource)) continue;
    diagnostics.push(
      diagnostic('HED205', {
        resource: origin.resource,
        path: origin.path,
        message: `${formatRef(winner.resource)} matches ${route.catchAll ? 'every request' : 'the same requests'} to "${name}" before it`,
        effect: 'it is never reached for this host',
        fix: 'give the two different hosts, or one of them other conditions',
      }),
    );
  }
}

/**
 * The routes of all lists by object. One VirtualService may meet a host by several servers and Gateways, each time with the same routes:
 * they count once.
 */
function withoutRepetition(lists: readonly RouteList[]): readonly (readonly EncodedRoute[])[] {
  const byResource = new Map<string, readonly EncodedRoute[]>();
  for (const list of lists) {
    const key = refKey(list.resource);
    const earlier = byResource.get(key);
    if (earlier === undefined) {
      byResource.set(key, list.routes);
      continue;
    }
    const fresh = list.routes.filter((route) => !earlier.some((known) => sameBytes(known.bytes, route.bytes)));
    byResource.set(key, catchAllLast([...earlier, ...fresh]));
  }
  return [...byResource.values()];
}

function catchAllLast(routes: readonly EncodedRoute[]): readonly EncodedRoute[] {
  return [...routes.filter((route) => !route.catchAll), ...routes.filter((route) => route.catchAll)];
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function withinLimit(
  lists: readonly RouteList[],
  name: string,
  limit: number,
  diagnostics: Diagnostic[],
): readonly RouteList[] {
  let count = 0;
  return lists.filter((list) => {
    if (count + list.routes.length <= limit) {
      count += list.routes.length;
      return true;
    }
    diagnostics.push(
      diagnostic('HED207', {
        resource: list.resource,
        path: ['spec', 'http'],
        message: `its ${list.routes.length} routes would make ${count + list.routes.length} in virtual host "${name}", at most ${limit} are accepted`,
        effect: 'its routes are left out of this virtual host',
      }),
    );
    return false;
  });
}

/** A virtual host for every name, without routes: every request is answered with 404. */
export function buildEmptyVirtualHost(_memo: Memo, port: GatewayPort, name: string): EncodedVirtualHost {
  const [first] = port.servers;
  const origin =
    first === undefined
      ? undefined
      : { resource: refOfObject(first.entry.gateway), path: ['spec', 'servers', first.server.index] };
  return encodeVirtualHost(name, ['*'], [], origin, []);
}
