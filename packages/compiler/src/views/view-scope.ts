import type { KindName, ObjectOf } from '@heddle/api';
import type { Diagnostic, MeshSnapshot, View } from '@heddle/model';
import { type Backend, backendOf, checkDestinationRules, type DestinationRuleIndex, indexDestinationRules } from '../destination-rules.ts';
import type { Memo } from '../memo.ts';
import type { VirtualService } from '../mesh-objects.ts';
import { buildServiceRegistry, type ServiceRegistry } from '../registry/service-registry.ts';
import { destinationDiagnostic } from '../routes/destination.ts';
import { destinationHosts, type RouteList, virtualServiceRoutes } from '../routes/virtual-service-routes.ts';
import type { MeshSettings } from '../settings.ts';
import { indexVirtualServices, type VirtualServicesByGateway } from '../virtual-services.ts';

/** What compiling one view has to hand: a snapshot's indexes, as far as they were not built for another view already. */
export interface ViewScope {
  readonly memo: Memo;
  readonly snapshot: MeshSnapshot;
  readonly view: View;
  readonly settings: MeshSettings;
  readonly registry: ServiceRegistry;
  readonly rules: DestinationRuleIndex;
  readonly virtualServices: VirtualServicesByGateway;
}

export function openScope(memo: Memo, snapshot: MeshSnapshot, view: View, settings: MeshSettings): ViewScope {
  const services = listOf(snapshot, 'Service');
  const entries = listOf(snapshot, 'ServiceEntry');
  return {
    memo,
    snapshot,
    view,
    settings,
    registry: memo.run(buildServiceRegistry, services, entries, settings),
    rules: memo.run(indexDestinationRules, listOf(snapshot, 'DestinationRule'), settings.clusterDomain),
    virtualServices: memo.run(indexVirtualServices, listOf(snapshot, 'VirtualService'), settings),
  };
}

const NOTHING: readonly never[] = [];

/** The objects of a kind; the same empty list for every kind that has none, so that absence is an unchanged input. */
export function listOf<K extends KindName>(snapshot: MeshSnapshot, kind: K): readonly ObjectOf<K>[] {
  const list = snapshot.list(kind);
  return list.length === 0 ? NOTHING : list;
}

export function listInNamespace<K extends KindName>(
  snapshot: MeshSnapshot,
  kind: K,
  namespace: string,
): readonly ObjectOf<K>[] {
  const list = snapshot.inNamespace(kind, namespace);
  return list.length === 0 ? NOTHING : list;
}

/** The service of a host with the rules that this view's proxies apply to it. */
export function backendFor(scope: ViewScope, host: string): Backend | undefined {
  const service = scope.registry.byHost.get(host);
  if (service === undefined) return undefined;
  const { view, settings } = scope;
  const rules = scope.rules.rulesFor(host, service.namespace, view.namespace, settings.rootNamespace);
  return scope.memo.run(backendOf, service, ...rules);
}

/** The routes of a VirtualService for one listener of this view. */
export function routesFor(scope: ViewScope, virtualService: VirtualService, gateway: string, port: number): RouteList {
  const { memo, settings } = scope;
  const backends = memo.run(destinationHosts, virtualService, settings).map((host) => backendFor(scope, host));
  return memo.run(virtualServiceRoutes, virtualService, gateway, port, settings, ...backends);
}

/** What is wrong with a list of routes, missing destinations included. */
export function routeDiagnostics(scope: ViewScope, list: RouteList): readonly Diagnostic[] {
  if (list.problems.length === 0) return list.diagnostics;
  return [
    ...list.diagnostics,
    ...list.problems.map((problem) => destinationDiagnostic(problem, scope.registry.byHost.keys())),
  ];
}

/** What is wrong with the DestinationRules, whoever uses them. */
export function ruleDiagnostics(scope: ViewScope): readonly Diagnostic[] {
  const { memo, snapshot, registry, settings } = scope;
  return memo.run(checkDestinationRules, registry, listOf(snapshot, 'DestinationRule'), settings);
}
