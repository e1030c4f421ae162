import { type ForwardAction, pickCluster, type RequestView, type RouteTable } from '@heddle/routing';
import { legOf } from './cluster-legs.ts';
import type { Configuration } from './configuration.ts';
import type { Leg, Place } from './explanation.ts';
import { placeInRoutes } from './place-in-routes.ts';

/** The clusters that a request may go to, with what an endpoint will see. */
export function legsOf(
  configuration: Configuration,
  table: RouteTable,
  action: ForwardAction,
  request: RequestView,
  routePath: string,
): readonly Leg[] {
  const { target } = action;
  const path = action.rewritePath?.(request.path) ?? request.path;
  const rewritten = action.rewriteAuthority?.(request);
  const leg = (cluster: string, percent: number, place: Place | undefined, hostRewrite = ''): Leg =>
    legOf(configuration, {
      cluster,
      percent,
      path,
      authority: action.autoHostRewrite
        ? undefined
        : (rewritten ?? (hostRewrite === '' ? request.authority : hostRewrite)),
      notFoundStatus: action.clusterNotFoundStatus,
      ...(place === undefined ? {} : { place }),
    });
  const at = (part: string): Place | undefined =>
    placeInRoutes(configuration, table.config.name, `${routePath}.${part}`);
  if (target.kind !== 'weighted') return [leg(pickCluster(action, 0, request).name, 100, at('route.cluster'))];
  return target.legs.map(({ name, weight, hostRewrite }, index) =>
    leg(name, (weight / target.totalWeight) * 100, at(`route.weightedClusters.clusters[${index}]`), hostRewrite),
  );
}
