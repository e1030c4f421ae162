import { create, toBinary } from '@bufbuild/protobuf';
import { RouteConfigurationSchema, VirtualHost_TlsRequirementType, VirtualHostSchema } from '@heddle/envoy-api/route';
import {
  contentHash,
  type Diagnostic,
  diagnostic,
  formatRef,
  type Origin,
  refKey,
  virtualHostName,
} from '@heddle/model';
import { concatBytes, encodeField } from '../encoding.ts';
import type { GatewayPort } from '../gateways/gateway-ports.ts';
import { hostDomain } from '../hosts/ip-address.ts';
import type { Memo } from '../memo.ts';
import { refOfObject } from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';
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
 * A virtual host made of the routes of one or several objects, in order of precedence. Routes that match everything go last, so that
 * one object's catch-all does not hide the others' rules; of several the first is reached.
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
  const all = withoutRepetition(lists);
  const routes = [...all.filter((route) => !route.catchAll), ...all.filter((route) => route.catchAll)];
  reportUnreachable(routes, name, diagnostics);
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

/** {@link contentHash} as bytes, so that hashes of many parts can be joined without making text of them. */
export function asciiHash(bytes: Uint8Array): Uint8Array {
  return new TextEncoder().encode(contentHash(bytes));
}

/** HED205: catch-all routes of one object behind that of another. */
function reportUnreachable(routes: readonly EncodedRoute[], name: string, diagnostics: Diagnostic[]): void {
  const [winner, ...others] = routes.filter((route) => route.catchAll).map((route) => route.origins[0]?.[1]);
  for (const origin of others) {
    if (origin === undefined || winner === undefined) continue;
    diagnostics.push(
      diagnostic('HED205', {
        resource: origin.resource,
        path: origin.path,
        message: `${formatRef(winner.resource)} matches every request to "${name}" before it`,
        effect: 'it is never reached for this host',
        fix: 'give the two different hosts, or one of them conditions',
      }),
    );
  }
}

/**
 * The routes of all lists. One VirtualService may meet a host by several servers and Gateways, each time with the same routes: they
 * count once.
 */
function withoutRepetition(lists: readonly RouteList[]): readonly EncodedRoute[] {
  const byResource = new Map<string, EncodedRoute[]>();
  return lists.flatMap((list) => {
    const key = refKey(list.resource);
    const earlier = byResource.get(key);
    if (earlier === undefined) {
      byResource.set(key, [...list.routes]);
      return list.routes;
    }
    const fresh = list.routes.filter((route) => !earlier.some((known) => sameBytes(known.bytes, route.bytes)));
    earlier.push(...fresh);
    return fresh;
  });
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
