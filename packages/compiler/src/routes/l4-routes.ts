import { type Diagnostic, diagnostic, type FieldPath, type ResourceRef, refKey } from '@heddle/model';
import type { Backend } from '../destination-rules.ts';
import { fullHost } from '../hosts/host-name.ts';
import type { Memo } from '../memo.ts';
import { namespaceOf, refOfObject, type VirtualService } from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';
import type { RouteSource } from '../virtual-services.ts';
import { type DestinationProblem, resolveDestination } from './destination.ts';
import { concerns, type ListenerAudience } from './listener-audience.ts';
import type { ClusterUse } from './route-list.ts';

export type TlsRoute = NonNullable<VirtualService['spec']['tls']>[number];
export type TcpRoute = NonNullable<VirtualService['spec']['tcp']>[number];

/** One cluster that connections go to. */
export interface L4Leg {
  readonly cluster: string;
  /** Of the legs together; 0 never stands beside others. */
  readonly weight: number;
}

/** Connections that fit a match of `tls` or `tcp`, and where they go. */
export interface L4Route {
  readonly resource: ResourceRef;
  /** Of the match, or of the rule where it has none. */
  readonly path: FieldPath;
  /** Names that clients ask for in TLS; empty where the match asks for none. */
  readonly sniHosts: readonly string[];
  /** Addresses that clients connect to, as blocks; empty where the match asks for none. */
  readonly destinationSubnets: readonly string[];
  readonly legs: readonly L4Leg[];
}

/** What a VirtualService's `tls` or `tcp` rules are for one listener. */
export interface L4RouteList {
  readonly resource: ResourceRef;
  /** In the order of the rules and their matches. */
  readonly routes: readonly L4Route[];
  readonly clusters: readonly ClusterUse[];
  readonly diagnostics: readonly Diagnostic[];
  readonly problems: readonly DestinationProblem[];
}

/** The hosts that a VirtualService's `tls` and `tcp` rules lead to, in full, each once. */
export function l4DestinationHosts(
  _memo: Memo,
  virtualService: VirtualService,
  settings: MeshSettings,
): readonly string[] {
  const legs = [...(virtualService.spec.tls ?? []), ...(virtualService.spec.tcp ?? [])].flatMap((rule) => rule.route);
  const namespace = namespaceOf(virtualService);
  return [...new Set(legs.map(({ destination }) => fullHost(destination.host, namespace, settings.clusterDomain)))];
}

/**
 * The `tls` or `tcp` rules of a VirtualService that concern a listener: a route for each match that holds there. `gateway` is the Gateway
 * (`namespace/name`), or `mesh` for sidecars; `source` is who calls (`sourceInput`); `backends` are the services behind
 * {@link l4DestinationHosts}, in that order. What matches ask of a connection (server name, destination) is left to the listener.
 */
export function l4Routes(
  memo: Memo,
  virtualService: VirtualService,
  layer: 'tls' | 'tcp',
  gateway: string,
  port: number,
  source: string,
  settings: MeshSettings,
  ...backends: readonly (Backend | undefined)[]
): L4RouteList {
  const namespace = namespaceOf(virtualService);
  const resource = refOfObject(virtualService);
  const hosts = memo.run(l4DestinationHosts, virtualService, settings);
  const backendByHost = new Map(hosts.map((host, index) => [host, backends[index]]));
  const audience: ListenerAudience = {
    gateway,
    port,
    source: source === '' ? undefined : (JSON.parse(source) as RouteSource),
  };
  const routes: L4Route[] = [];
  const clusters = new Map<string, ClusterUse>();
  const diagnostics: Diagnostic[] = [];
  const problems = new Map<string, DestinationProblem>();
  const rules: readonly (TlsRoute | TcpRoute)[] = virtualService.spec[layer] ?? [];
  for (const [index, rule] of rules.entries()) {
    const path: FieldPath = ['spec', layer, index];
    const concerned = matchesOf(rule).filter(({ match }) => concerns(match, audience, namespace));
    if (concerned.length === 0) continue;
    const legs = compileLegs(rule.route, [...path, 'route']);
    if (legs.length === 0) continue;
    for (const { match, position } of concerned) {
      routes.push({
        resource,
        path: position === undefined ? path : [...path, 'match', position],
        sniHosts: match !== undefined && 'sniHosts' in match ? match.sniHosts.map((host) => host.toLowerCase()) : [],
        destinationSubnets: match?.destinationSubnets ?? [],
        legs,
      });
    }
  }
  return { resource, routes, clusters: [...clusters.values()], diagnostics, problems: [...problems.values()] };

  function compileLegs(route: TlsRoute['route'], path: FieldPath): readonly L4Leg[] {
    if (route.length > settings.limits.maxDestinationsPerRoute) {
      const message = `found ${route.length} destinations, at most ${settings.limits.maxDestinationsPerRoute} are accepted`;
      diagnostics.push(diagnostic('HED207', { resource, path, message, effect: 'the rule is left out' }));
      return [];
    }
    const legs: L4Leg[] = [];
    for (const [index, { destination, weight }] of route.entries()) {
      // With one destination the weight says nothing; of several, one without weight gets nothing.
      if (route.length > 1 && (weight ?? 0) === 0) continue;
      const host = fullHost(destination.host, namespace, settings.clusterDomain);
      const backend = backendByHost.get(host);
      const wantedPort = destination.port?.number;
      const resolved = resolveDestination(host, destination.subset, wantedPort, backend, port);
      legs.push({ cluster: resolved.cluster, weight: route.length > 1 ? (weight ?? 0) : 1 });
      if (resolved.missing === undefined && backend !== undefined) {
        clusters.set(resolved.cluster, {
          name: resolved.cluster,
          backend,
          port: resolved.port,
          subset: resolved.subset,
        });
      } else if (resolved.missing !== undefined) {
        problems.set(`${refKey(resource)} ${path.join('.')} ${index}`, {
          ...resolved,
          missing: resolved.missing,
          backend,
          resource,
          portWritten: wantedPort !== undefined,
          path: [...path, index, 'destination'],
        });
      }
    }
    return legs;
  }
}

type L4Match = NonNullable<TcpRoute['match']>[number] | TlsRoute['match'][number];

/** The matches of a rule; a rule without any holds for every connection. */
function matchesOf(
  rule: TlsRoute | TcpRoute,
): readonly { readonly match: L4Match | undefined; readonly position: number | undefined }[] {
  const matches: readonly L4Match[] = rule.match ?? [];
  if (matches.length === 0) return [{ match: undefined, position: undefined }];
  return matches.map((match, position) => ({ match, position }));
}
