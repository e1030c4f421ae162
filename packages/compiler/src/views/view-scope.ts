import type { KindName, ObjectOf } from '@heddle/api';
import type { Diagnostic, MeshSnapshot, View } from '@heddle/model';
import { missingFeatures } from '../capabilities.ts';
import { checkUnusedDelegates, withDelegates } from '../delegates/delegation.ts';
import { checkDestinationRules, indexDestinationRules } from '../destination-rules.ts';
import { bindToGateway } from '../gateways/gateway-binding.ts';
import type { ServerSource } from '../gateways/gateway-ports.ts';
import { MESH_GATEWAY } from '../hosts/host-name.ts';
import { boundAddress } from '../listeners/listener-address.ts';
import type { Memo } from '../memo.ts';
import type { Deployment, Pod, VirtualService } from '../mesh-objects.ts';
import { buildServiceRegistry, type ServiceRegistry } from '../registry/service-registry.ts';
import { indexWorkloads, type WorkloadIndex } from '../registry/workload-index.ts';
import { type DestinationProblem, destinationDiagnostic, type HiddenService } from '../routes/destination.ts';
import { HTTPS_PORT } from '../routes/https-redirect.ts';
import type { RouteList } from '../routes/route-list.ts';
import { destinationHosts, virtualServiceRoutes } from '../routes/virtual-service-routes.ts';
import type { MeshSettings } from '../settings.ts';
import {
  type RouteSource,
  sourceInput,
  type VirtualServiceEntry,
  type VirtualServiceIndex,
  visibleVirtualServices,
} from '../virtual-services.ts';
import { visibleObjects } from '../visibility.ts';
import { type Backends, type BackendTable, backendsOf } from './backend-table.ts';

/** What compiling one view has to hand: a snapshot's indexes, as far as they were not built for another view already. */
export interface ViewScope {
  readonly memo: Memo;
  readonly snapshot: MeshSnapshot;
  readonly view: View;
  readonly settings: MeshSettings;
  readonly registry: ServiceRegistry;
  readonly backends: Backends;
  readonly virtualServices: VirtualServiceIndex;
  /** The workloads of a namespace. */
  readonly workloads: WorkloadLookup;
}

export function openScope(memo: Memo, snapshot: MeshSnapshot, view: View, settings: MeshSettings): ViewScope {
  const { namespace } = view;
  const { defaultServiceExportTo, defaultDestinationRuleExportTo } = settings;
  const services = visibleObjects(memo, listOf(snapshot, 'Service'), defaultServiceExportTo, namespace);
  const entries = visibleObjects(memo, listOf(snapshot, 'ServiceEntry'), defaultServiceExportTo, namespace);
  const registry = memo.run(buildServiceRegistry, services, entries, settings);
  const allRules = listOf(snapshot, 'DestinationRule');
  const destinationRules = visibleObjects(memo, allRules, defaultDestinationRuleExportTo, namespace);
  const rules = memo.evolve(indexDestinationRules, destinationRules, settings.clusterDomain);
  return {
    memo,
    snapshot,
    view,
    settings,
    registry,
    backends: memo.run(backendsOf, registry.services, rules, view.namespace, settings),
    virtualServices: visibleVirtualServices(
      memo,
      memo.run(withDelegates, listOf(snapshot, 'VirtualService'), settings),
      namespace,
      settings,
    ),
    workloads: workloadLookup(memo, snapshot),
  };
}

const NOTHING: readonly never[] = [];

/** The objects of a kind; the same empty list for every kind that has none, so that absence is an unchanged input. */
export function listOf<K extends KindName>(snapshot: MeshSnapshot, kind: K): readonly ObjectOf<K>[] {
  const list = snapshot.list(kind);
  return list.length === 0 ? NOTHING : list;
}

/** Finds the workloads of a namespace. */
export type WorkloadLookup = (namespace: string) => WorkloadIndex;

/** The same lookup as long as no workload changes. */
export function workloadLookup(memo: Memo, snapshot: MeshSnapshot): WorkloadLookup {
  return memo.run(workloadsByNamespace, snapshot.byNamespace('Pod'), snapshot.byNamespace('Deployment'));
}

/** Indexes each namespace once, when it is first asked for. */
function workloadsByNamespace(
  memo: Memo,
  pods: ReadonlyMap<string, readonly Pod[]>,
  deployments: ReadonlyMap<string, readonly Deployment[]>,
): WorkloadLookup {
  const indexes = new Map<string, WorkloadIndex>();
  return (namespace) => {
    let index = indexes.get(namespace);
    if (index === undefined) {
      index = memo.run(indexWorkloads, pods.get(namespace) ?? NOTHING, deployments.get(namespace) ?? NOTHING);
      indexes.set(namespace, index);
    }
    return index;
  };
}

/** What a VirtualService brings to one server of a Gateway. */
export interface ServerRoutes {
  /** The hosts that both have; none means that the routes are not served here. */
  readonly hosts: readonly string[];
  readonly list: RouteList;
  readonly diagnostics: readonly Diagnostic[];
}

/** For whom routes are made, as far as routes ask: the same object for all views that are alike in that. */
export interface RouteAudience extends RouteSource {
  /** What the proxy cannot do (`missingFeatures`). */
  readonly missing: string;
  /** Where port 443 is bound: the port that redirects to HTTPS lead to. */
  readonly httpsPort: number;
}

export function routeAudienceOf({ memo, settings, view }: ViewScope): RouteAudience {
  const source: RouteSource = { namespace: view.namespace, labels: view.labels };
  const { port } = boundAddress('0.0.0.0', HTTPS_PORT, view.binding);
  return memo.run(routeAudience, settings, JSON.stringify(source), missingFeatures(view.capabilities), port);
}

function routeAudience(
  _memo: Memo,
  _settings: MeshSettings,
  source: string,
  missing: string,
  httpsPort: number,
): RouteAudience {
  return { ...(JSON.parse(source) as RouteSource), missing, httpsPort };
}

/** The routes of a VirtualService at a server of a Gateway, for one audience. */
export function gatewayRoutes(
  memo: Memo,
  backends: BackendTable,
  virtualService: VirtualServiceEntry,
  { entry, server }: ServerSource,
  audience: RouteAudience,
  settings: MeshSettings,
): ServerRoutes {
  const { hostsByServer, diagnostics } = memo.run(bindToGateway, virtualService, entry);
  const hosts = hostsByServer[server.index] ?? [];
  const source = sourceInput(virtualService, audience);
  const { number } = server.server.port;
  const list = routesWith(
    memo,
    backends,
    virtualService.virtualService,
    entry.name,
    number,
    source,
    audience.missing,
    settings,
  );
  return { hosts, list, diagnostics };
}

/** The routes of a VirtualService for one outbound port of sidecars, for one audience. */
export function meshRoutes(
  memo: Memo,
  backends: BackendTable,
  entry: VirtualServiceEntry,
  port: number,
  audience: RouteAudience,
  settings: MeshSettings,
): RouteList {
  const listener = memo.run(meshListener, backends, port);
  const source = sourceInput(entry, audience);
  return memo.latest(entry, routesOfListener, listener, entry, source, audience.missing, settings);
}

interface MeshListener {
  readonly backends: BackendTable;
  readonly port: number;
}

function meshListener(_memo: Memo, backends: BackendTable, port: number): MeshListener {
  return { backends, port };
}

function routesOfListener(
  memo: Memo,
  { backends, port }: MeshListener,
  entry: VirtualServiceEntry,
  source: string,
  missing: string,
  settings: MeshSettings,
): RouteList {
  return routesWith(memo, backends, entry.virtualService, MESH_GATEWAY, port, source, missing, settings);
}

/** As long as no service or rule changes, the stages around this one spare looking up the services of each route. */
function routesWith(
  memo: Memo,
  backends: BackendTable,
  virtualService: VirtualService,
  gateway: string,
  port: number,
  source: string,
  missing: string,
  settings: MeshSettings,
): RouteList {
  const hosts = memo.run(destinationHosts, virtualService, settings);
  const used = hosts.map((host) => backends.backend(host));
  return memo.run(virtualServiceRoutes, virtualService, gateway, port, source, missing, settings, ...used);
}

/** What is wrong with a list of routes, missing destinations included. */
export function routeDiagnostics(scope: ViewScope, list: RouteList): readonly Diagnostic[] {
  return list.problems.length === 0 ? list.diagnostics : [...list.diagnostics, ...problemDiagnostics(scope, list)];
}

/** The destinations of a list of routes that do not exist. */
export function problemDiagnostics(scope: ViewScope, { problems }: Pick<RouteList, 'problems'>): readonly Diagnostic[] {
  return problems.map((problem) =>
    destinationDiagnostic(problem, scope.registry.byHost.keys(), hiddenService(scope, problem)),
  );
}

/** The service that a destination would lead to if it were exported to the namespace of this view. */
function hiddenService(scope: ViewScope, { host, missing }: DestinationProblem): HiddenService | undefined {
  const source = missing === 'host' ? wholeRegistry(scope).byHost.get(host)?.sources[0] : undefined;
  return source === undefined ? undefined : { ref: source.ref, from: scope.view.namespace };
}

/** Every host of the mesh, whoever may see it. */
function wholeRegistry({ memo, snapshot, settings }: ViewScope): ServiceRegistry {
  return memo.run(buildServiceRegistry, listOf(snapshot, 'Service'), listOf(snapshot, 'ServiceEntry'), settings);
}

/** What is wrong with the DestinationRules and delegates, whoever uses them. */
export function ruleDiagnostics(scope: ViewScope): readonly Diagnostic[] {
  const { memo, snapshot, settings } = scope;
  return [
    ...memo.run(checkDestinationRules, wholeRegistry(scope), listOf(snapshot, 'DestinationRule'), settings),
    ...memo.run(checkUnusedDelegates, listOf(snapshot, 'VirtualService')),
  ];
}
