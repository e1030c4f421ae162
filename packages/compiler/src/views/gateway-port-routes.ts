import { compareText, type Diagnostic } from '@heddle/model';
import type { Backend } from '../destination-rules.ts';
import { type GatewayEntry, type ServerSource, serverNames } from '../gateways/gateway-ports.ts';
import { type Groups, groupItems, patchGroups } from '../incremental/groups.ts';
import { alignLists } from '../incremental/list-changes.ts';
import { PatchedMap } from '../incremental/patched-map.ts';
import { patchSorted } from '../incremental/sorted-list.ts';
import type { Continued, Memo } from '../memo.ts';
import { compareAge } from '../mesh-objects.ts';
import { buildRedirectVirtualHost, HTTPS_PORT } from '../routes/https-redirect.ts';
import type { ClusterUse, RouteList } from '../routes/route-list.ts';
import {
  buildGatewayVirtualHost,
  buildHttpsOnlyVirtualHost,
  type EncodedVirtualHost,
  unchangedVirtualHost,
} from '../routes/virtual-host.ts';
import type { MeshSettings } from '../settings.ts';
import type { VirtualServiceEntry } from '../virtual-services.ts';
import type { BackendTable } from './backend-table.ts';
import { gatewayRoutes, type RouteAudience, type ServerRoutes } from './view-scope.ts';

/** What a port of a gateway is for. */
export interface PortSummary {
  /** The clusters that the routes lead to, each once. */
  readonly uses: readonly ClusterUse[];
  /** For each server whether some VirtualService has routes for its hosts. */
  readonly serves: readonly boolean[];
}

/** What is routed at one port of a gateway. */
export interface GatewayPortRoutes extends PortSummary {
  /** One for each host that a server and a VirtualService have in common, ordered by name. */
  readonly virtualHosts: readonly EncodedVirtualHost[];
  /** Lists of routes with destinations that do not exist. */
  readonly broken: readonly RouteList[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The servers of a port; without a summary if the port could not be had. */
export interface ServedPort {
  readonly servers: readonly ServerSource[];
  readonly routes: PortSummary | undefined;
}

type Inputs = readonly [
  servers: readonly ServerSource[],
  byGateway: ReadonlyMap<string, readonly VirtualServiceEntry[]>,
  backends: BackendTable,
  audience: RouteAudience,
  port: number,
  settings: MeshSettings,
];

interface PortState extends GatewayPortRoutes {
  /** One for each server. */
  readonly units: readonly ServerUnit[];
  readonly claims: Groups<HostClaim>;
  readonly byHost: PatchedMap<EncodedVirtualHost>;
}

/** Everything about one server, with all that it depends on. */
interface ServerUnit {
  readonly source: ServerSource;
  readonly bound: readonly VirtualServiceEntry[];
  /** What was looked up among the services, and found. */
  readonly reads: ReadonlyMap<string, Backend | undefined>;
  readonly routes: readonly ServerRoutes[];
  readonly claims: readonly HostClaim[];
}

/** The routes that a VirtualService brings to a host at a server, or the server itself. */
interface HostClaim {
  readonly host: string;
  /** Undefined for a host that a server redirects to HTTPS, whether a VirtualService has routes for it or not. */
  readonly list: RouteList | undefined;
  readonly source: ServerSource;
  /** Of the VirtualService among those bound to the Gateway. */
  readonly position: number;
}

/** The oldest Gateway's first, then in the order of its servers and of the VirtualServices. */
function compareClaims(a: HostClaim, b: HostClaim): number {
  return (
    compareAge(a.source.entry.age, b.source.entry.age) ||
    a.source.server.index - b.source.server.index ||
    a.position - b.position
  );
}

const hostOf = ({ host }: HostClaim): readonly string[] => [host];

/** What is routed at a port for one audience. */
export function routesAtPort(memo: Memo, ...inputs: Inputs): GatewayPortRoutes {
  return memo.evolve(gatewayPortRoutes, ...inputs);
}

/** A stage for `memo.evolve`: only servers and hosts are looked at again that a change concerns. */
function gatewayPortRoutes(
  memo: Memo,
  given: Continued<Inputs, PortState> | undefined,
  servers: readonly ServerSource[],
  byGateway: ReadonlyMap<string, readonly VirtualServiceEntry[]>,
  backends: BackendTable,
  audience: RouteAudience,
  port: number,
  settings: MeshSettings,
): PortState {
  const before =
    given?.inputs[3] === audience && given.inputs[4] === port && given.inputs[5] === settings ? given : undefined;
  const positions = before === undefined ? undefined : alignLists(before.inputs[0], servers);
  const sameBackends = before?.inputs[2] === backends;
  const sameBindings = before?.inputs[1] === byGateway;
  const units: ServerUnit[] = [];
  const added: ServerUnit[] = [];
  const kept = new Uint8Array(before?.result.units.length ?? 0);
  for (let at = 0; at < servers.length; at++) {
    const source = servers[at] as ServerSource;
    const known = positions?.[at] ?? -1;
    const unit = before?.result.units[known];
    const bound = sameBindings && unit !== undefined ? unit.bound : (byGateway.get(source.entry.name) ?? NOBODY);
    if (unit !== undefined && unit.bound === bound && (sameBackends || stillHolds(unit.reads, backends))) {
      kept[known] = 1;
      units.push(unit);
      continue;
    }
    const fresh = serverUnit(memo, source, bound, backends, audience, settings);
    units.push(fresh);
    added.push(fresh);
  }
  if (before === undefined) {
    const claims = groupItems(
      units.flatMap((unit) => unit.claims),
      hostOf,
      compareClaims,
    );
    const byHost = new Map<string, EncodedVirtualHost>();
    for (const [host, ofHost] of claims) byHost.set(host, virtualHostOf(memo, ofHost, port, audience, settings));
    const virtualHosts = [...byHost.values()].sort(compareNames);
    return { ...summaryOf(units), virtualHosts, units, claims, byHost: PatchedMap.of(byHost) };
  }
  const removed = before.result.units.filter((_, index) => kept[index] === 0);
  if (removed.length + added.length === 0) return before.result;
  const removedClaims = removed.flatMap((unit) => unit.claims);
  const addedClaims = added.flatMap((unit) => unit.claims);
  const claims = patchGroups(before.result.claims, removedClaims, addedClaims, hostOf, compareClaims);
  const changes = new Map<string, EncodedVirtualHost | undefined>();
  const gone: EncodedVirtualHost[] = [];
  const come: EncodedVirtualHost[] = [];
  for (const host of new Set([...removedClaims, ...addedClaims].map((claim) => claim.host))) {
    const ofHost = claims.get(host);
    const was = before.result.byHost.get(host);
    const is =
      ofHost === undefined
        ? undefined
        : unchangedVirtualHost(was, virtualHostOf(memo, ofHost, port, audience, settings));
    if (is === was) continue;
    changes.set(host, is);
    if (was !== undefined) gone.push(was);
    if (is !== undefined) come.push(is);
  }
  const { result } = before;
  const plain =
    positions !== undefined && units.every((unit, at) => samePlainly(result.units[positions[at] ?? -1], unit));
  const summary = plain && units.length === result.units.length ? result : summaryOf(units);
  return {
    ...summary,
    uses: sameUses(result.uses, summary.uses) ? result.uses : summary.uses,
    virtualHosts: patchSorted(before.result.virtualHosts, gone, come, compareNames),
    units,
    claims,
    byHost: before.result.byHost.with(changes),
  };
}

const NOBODY: readonly VirtualServiceEntry[] = [];

function compareNames(a: EncodedVirtualHost, b: EncodedVirtualHost): number {
  return compareText(a.name, b.name);
}

function stillHolds(reads: ReadonlyMap<string, Backend | undefined>, backends: BackendTable): boolean {
  for (const [host, backend] of reads) if (backends.backend(host) !== backend) return false;
  return true;
}

function serverUnit(
  memo: Memo,
  source: ServerSource,
  bound: readonly VirtualServiceEntry[],
  backends: BackendTable,
  audience: RouteAudience,
  settings: MeshSettings,
): ServerUnit {
  const reads = new Map<string, Backend | undefined>();
  const recorded: BackendTable = {
    backend(host) {
      const backend = backends.backend(host);
      reads.set(host, backend);
      return backend;
    },
  };
  const claims: HostClaim[] = [];
  if (redirectsToHttps(source)) {
    const names = serverNames(source.server);
    for (const host of names.length === 0 ? ['*'] : names) claims.push({ host, list: undefined, source, position: -1 });
  }
  const routes = bound.map((entry, position) => {
    const found = gatewayRoutes(memo, recorded, entry, source, audience, settings);
    if (found.list.routes.length > 0)
      for (const host of found.hosts) claims.push({ host, list: found.list, source, position });
    return found;
  });
  return { source, bound, reads, routes, claims };
}

function virtualHostOf(
  memo: Memo,
  claims: readonly HostClaim[],
  port: number,
  { httpsPort }: RouteAudience,
  settings: MeshSettings,
): EncodedVirtualHost {
  const redirecting = claims.find(({ source }) => redirectsToHttps(source));
  const [first, ...others] = claims.flatMap(({ list }) => list ?? []);
  const { host } = claims[0] as HostClaim;
  if (redirecting !== undefined && (first === undefined || httpsPort !== HTTPS_PORT))
    return memo.run(buildRedirectVirtualHost, redirecting.source, host, port, httpsPort);
  if (first === undefined) throw new RangeError('a host is claimed by somebody');
  const build = redirecting === undefined ? buildGatewayVirtualHost : buildHttpsOnlyVirtualHost;
  return memo.run(build, first, host, port, settings, ...others);
}

function redirectsToHttps({ server }: ServerSource): boolean {
  return server.server.tls?.httpsRedirect === true;
}

/** What a port's servers come to together. */
function summaryOf(units: readonly ServerUnit[]): Omit<GatewayPortRoutes, 'virtualHosts'> {
  const uses = new Map<string, ClusterUse>();
  const broken = new Set<RouteList>();
  const diagnostics: Diagnostic[] = [];
  const serves: boolean[] = [];
  for (const { source, routes } of units) {
    let serving = redirectsToHttps(source);
    for (const { hosts, list, diagnostics: found } of routes) {
      for (const one of found) diagnostics.push(one);
      if (hosts.length === 0) continue;
      serving = true;
      for (const one of list.diagnostics) diagnostics.push(one);
      if (list.problems.length > 0) broken.add(list);
      for (const use of list.clusters) uses.set(use.name, use);
    }
    serves.push(serving);
  }
  return { uses: [...uses.values()], broken: [...broken], diagnostics, serves };
}

/** Whether a server comes to the same in {@link summaryOf}; at least where nothing is wrong with it. */
function samePlainly(was: ServerUnit | undefined, is: ServerUnit): boolean {
  if (was === is) return true;
  if (was === undefined || was.routes.length !== is.routes.length) return false;
  return is.routes.every((routes, index) => {
    const before = was.routes[index] as ServerRoutes;
    return (
      isPlain(routes) &&
      isPlain(before) &&
      routes.hosts.length > 0 === before.hosts.length > 0 &&
      sameUses(routes.list.clusters, before.list.clusters)
    );
  });
}

function isPlain({ diagnostics, list }: ServerRoutes): boolean {
  return diagnostics.length + list.diagnostics.length + list.problems.length === 0;
}

function sameUses(a: readonly ClusterUse[], b: readonly ClusterUse[]): boolean {
  return (
    a.length === b.length &&
    a.every((use, index) => {
      const other = b[index];
      return use === other || (use.name === other?.name && use.backend === other.backend);
    })
  );
}

/** The Gateways of which no server has anything to serve; those at ports that could not be had among them. */
export function idleGateways(ports: readonly ServedPort[]): readonly GatewayEntry[] {
  const idle = new Set<GatewayEntry>();
  for (const { servers, routes } of ports)
    for (const [index, { entry }] of servers.entries()) if (routes?.serves[index] !== true) idle.add(entry);
  if (idle.size === 0) return [];
  for (const { servers, routes } of ports)
    for (const [index, { entry }] of servers.entries()) if (routes?.serves[index] === true) idle.delete(entry);
  return [...idle];
}
