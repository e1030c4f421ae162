import { compareText } from '@heddle/model';
import type { Backend } from '../destination-rules.ts';
import { hostDomain } from '../hosts/ip-address.ts';
import { PatchedMap } from '../incremental/patched-map.ts';
import { patchSorted } from '../incremental/sorted-list.ts';
import type { Continued, Memo } from '../memo.ts';
import type { MeshPort, MeshService } from '../registry/mesh-service.ts';
import { defaultRoutes } from '../routes/default-routes.ts';
import type { PortsInHosts } from '../routes/route-configuration.ts';
import type { RouteList } from '../routes/route-list.ts';
import { buildMeshVirtualHost, type EncodedVirtualHost, unchangedVirtualHost } from '../routes/virtual-host.ts';
import type { MeshSettings } from '../settings.ts';
import type { BackendTable } from '../views/backend-table.ts';
import { meshRoutes, type RouteAudience } from '../views/view-scope.ts';
import type { VirtualServiceEntry } from '../virtual-services.ts';
import { claimDomains, type DomainClaims } from './domain-claims.ts';
import type { MeshHosts } from './mesh-hosts.ts';
import { localSuffix, serviceDomains } from './service-domains.ts';
import type { PortServices, ServicePort } from './services-by-port.ts';

/** The HTTP port on which hosts outside the registry are served too, if a VirtualService names them (as in Istio). */
const PORT_OF_UNKNOWN_HOSTS = 80;

/** What sidecars route at one HTTP port. */
export interface OutboundHosts {
  /** Ordered by name. */
  readonly virtualHosts: readonly EncodedVirtualHost[];
  /** The VirtualServices' lists of routes. */
  readonly lists: readonly RouteList[];
}

/** Everything that {@link outboundVirtualHosts} depends on besides the services at the port. */
export interface OutboundTables {
  readonly meshHosts: MeshHosts;
  /** Those for sidecars, in order of precedence. */
  readonly virtualServices: readonly VirtualServiceEntry[];
  readonly backends: BackendTable;
  readonly audience: RouteAudience;
}

interface Candidate {
  readonly host: string;
  /** Undefined for hosts that only a VirtualService knows. */
  readonly service: MeshService | undefined;
  readonly isService: boolean;
  readonly list: RouteList;
}

type Inputs = readonly [
  http: readonly ServicePort[],
  services: PortServices,
  port: number,
  capturesPods: boolean,
  portsIn: PortsInHosts,
  tables: OutboundTables,
  settings: MeshSettings,
];

interface OutboundState extends OutboundHosts {
  readonly claims: DomainClaims<Candidate>;
  readonly byHost: PatchedMap<EncodedVirtualHost>;
}

/** What the sidecars of one view route at a port. */
export function outboundHostsAt(memo: Memo, ...[http, ...others]: Inputs): OutboundHosts {
  return memo.evolve(outboundVirtualHosts, http, ...others);
}

/**
 * A stage for `memo.evolve`, for one port: first claim on a domain wins, those of VirtualServices (the oldest first) before those of services
 * nobody speaks for. Hosts that no change concerns stay as they are, also between namespaces: only a namespace's own hosts have
 * shorter names there.
 */
function outboundVirtualHosts(
  memo: Memo,
  given: Continued<Inputs, OutboundState> | undefined,
  _http: readonly ServicePort[],
  services: PortServices,
  port: number,
  capturesPods: boolean,
  portsIn: PortsInHosts,
  tables: OutboundTables,
  settings: MeshSettings,
): OutboundState {
  const { meshHosts, virtualServices, backends, audience } = tables;
  // Who calls matters only where some rule asks.
  const asked = memo.run(someAsk, virtualServices);
  const caller = asked ? audience : memo.run(anyCaller, settings, audience.missing, audience.httpsPort);
  const found = memo.run(collectCandidates, services, port, meshHosts, virtualServices, backends, caller, settings);
  const { candidates, lists } = found;
  const comparable = given?.inputs[2] === port && given.inputs[3] === capturesPods && given.inputs[4] === portsIn;
  const before = comparable && given?.inputs[6] === settings ? given : undefined;
  const { clusterDomain } = settings;
  const domainsIn = (namespace: string) => {
    const local = localSuffix(namespace, clusterDomain);
    return ({ host, service, list }: Candidate): readonly string[] => {
      if (service === undefined) return memo.run(outsideDomains, list, host);
      // For clients of all other namespaces the names are the same, and the same list.
      const client = host.endsWith(local) ? namespace : '';
      return memo.run(serviceDomains, service, client, clusterDomain, capturesPods);
    };
  };
  const { namespace } = audience;
  const namespaceBefore = before?.inputs[5].audience.namespace ?? namespace;
  const suffixes = [localSuffix(namespace, clusterDomain), localSuffix(namespaceBefore, clusterDomain)];
  const nearby = ({ host }: Candidate): boolean => suffixes.some((suffix) => host.endsWith(suffix));
  const known = before?.result;
  const stayed = namespace === namespaceBefore ? [] : (known?.claims.claimants ?? []).filter(nearby);
  const staying = new Set(candidates);
  const { claims, affected } = claimDomains(
    known?.claims,
    candidates,
    domainsIn(namespace),
    domainsIn(namespaceBefore),
    stayed.filter((candidate) => staying.has(candidate)),
  );
  const changes = new Map<string, EncodedVirtualHost | undefined>();
  const gone: EncodedVirtualHost[] = [];
  const come: EncodedVirtualHost[] = [];
  for (const { host, claimant, domains } of affected) {
    const was = known?.byHost.get(host);
    let is: EncodedVirtualHost | undefined;
    if (claimant !== undefined && domains.length > 0) {
      const free = memo.steady(claimant, `${port}`, domains);
      const written = portsIn === 'ignored' ? free : memo.run(domainsWithPort, free, port);
      is = unchangedVirtualHost(was, memo.run(buildMeshVirtualHost, claimant.list, host, port, written, settings));
    }
    if (is === was) continue;
    changes.set(host, is);
    if (was !== undefined) gone.push(was);
    if (is !== undefined) come.push(is);
  }
  if (known === undefined) {
    const byHost = PatchedMap.of(changes as ReadonlyMap<string, EncodedVirtualHost>);
    return { virtualHosts: come.sort(compareNames), lists, claims, byHost };
  }
  const virtualHosts = patchSorted(known.virtualHosts, gone, come, compareNames);
  return { virtualHosts, lists, claims, byHost: known.byHost.with(changes) };
}

function compareNames(a: EncodedVirtualHost, b: EncodedVirtualHost): number {
  return compareText(a.name, b.name);
}

/** Who wants a virtual host, in order of precedence. */
function collectCandidates(
  memo: Memo,
  { http, onPort }: PortServices,
  port: number,
  meshHosts: MeshHosts,
  virtualServices: readonly VirtualServiceEntry[],
  backends: BackendTable,
  audience: RouteAudience,
  settings: MeshSettings,
): { readonly candidates: readonly Candidate[]; readonly lists: readonly RouteList[] } {
  const decided = new Map<VirtualServiceEntry, ServicePort[]>();
  let undecided: ServicePort[] = [];
  for (const entry of http) {
    const virtualService = meshHosts.decidingFor(entry.service.host);
    if (virtualService === undefined) undecided.push(entry);
    else pushTo(decided, virtualService, entry);
  }
  const candidates: Candidate[] = [];
  const lists: RouteList[] = [];
  for (const virtualService of virtualServices) {
    const services = decided.get(virtualService) ?? [];
    if (services.length === 0 && port !== PORT_OF_UNKNOWN_HOSTS) continue;
    const list = meshRoutes(memo, backends, virtualService, port, audience, settings);
    lists.push(list);
    if (list.routes.length === 0) {
      // Nothing in it is for sidecars on this port.
      undecided = [...undecided, ...services];
      continue;
    }
    for (const host of virtualService.hosts.keys()) {
      const covers = services.some(({ service }) => host.startsWith('*') && service.host.endsWith(host.slice(1)));
      if (!onPort.has(host) && !covers) candidates.push(memo.run(outsideCandidate, list, host));
    }
    for (const { service } of services) candidates.push(memo.run(serviceCandidate, service, list));
  }
  for (const entry of undecided.sort((a, b) => compareText(a.service.host, b.service.host))) {
    const backend = backends.backend(entry.service.host);
    if (backend !== undefined) candidates.push(memo.run(defaultCandidate, entry.port, backend, settings));
  }
  return { candidates, lists };
}

function someAsk(_memo: Memo, virtualServices: readonly VirtualServiceEntry[]): boolean {
  return virtualServices.some(({ sourceLabelKeys }) => sourceLabelKeys !== undefined);
}

function anyCaller(_memo: Memo, _settings: MeshSettings, missing: string, httpsPort: number): RouteAudience {
  return { namespace: '', labels: {}, missing, httpsPort };
}

/** A host that only a VirtualService knows. */
function outsideCandidate(_memo: Memo, list: RouteList, host: string): Candidate {
  return { host, service: undefined, isService: false, list };
}

function serviceCandidate(_memo: Memo, service: MeshService, list: RouteList): Candidate {
  return { host: service.host, service, isService: true, list };
}

/** A service for which no VirtualService speaks. */
function defaultCandidate(memo: Memo, port: MeshPort, backend: Backend, settings: MeshSettings): Candidate {
  const { service } = backend;
  return { host: service.host, service, isService: true, list: memo.run(defaultRoutes, port, backend, settings) };
}

function pushTo<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** The domains as callers write them who name the port too; HTTP's own port may be left out (RFC 9110, section 4.2.1). */
function domainsWithPort(_memo: Memo, domains: readonly string[], port: number): readonly string[] {
  const withPort = domains.map((domain) => `${domain}:${port}`);
  return port === 80 ? [...domains, ...withPort] : withPort;
}

/** The domain of a host that only a VirtualService knows. */
function outsideDomains(_memo: Memo, _list: RouteList, host: string): readonly string[] {
  return [hostDomain(host)];
}
