import { matchRoute, pickCluster } from '@heddle/routing';
import type { Exchange } from './exchange.ts';

/**
 * Chooses the route of an exchange, and the cluster with it: at first, and again when a filter has changed what routes look at. The random
 * number stays, so that the same share of a weighted route is taken.
 */
export function chooseRoute(exchange: Exchange): void {
  const { listener } = exchange;
  if (listener.routes === undefined) return;
  exchange.route = matchRoute(listener.routes, exchange, exchange.random);
  exchange.leg = undefined;
  exchange.clusterName = undefined;
  chooseCluster(exchange);
}

/** The cluster is part of the route: a filter that answers by itself leaves it in the log, and the leg's header operations apply. */
export function chooseCluster(exchange: Exchange): void {
  const action = exchange.route?.route.action;
  if (action?.kind !== 'forward') return;
  const { name, leg } = pickCluster(action, exchange.random, exchange);
  exchange.leg = leg;
  if (exchange.listener.clusters.has(name)) exchange.clusterName = name;
}
