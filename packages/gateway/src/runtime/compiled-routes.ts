import type { RouteConfiguration } from '@heddle/envoy-api/route';
import { compileRouteConfiguration, type RouteTable, RoutingError } from '@heddle/routing';

/** A route configuration ready for matching, or the sentence that says why it is not. */
export type CompiledRoutes = { readonly table: RouteTable } | { readonly problem: string };

const known = new WeakMap<RouteConfiguration, CompiledRoutes>();

/** Compiles a route configuration once for all who ask: the same message gives the same table. */
export function compiledRoutes(configuration: RouteConfiguration): CompiledRoutes {
  let compiled = known.get(configuration);
  if (compiled === undefined) {
    try {
      compiled = { table: compileRouteConfiguration(configuration) };
    } catch (error) {
      if (!(error instanceof RoutingError)) throw error;
      compiled = { problem: error.message };
    }
    known.set(configuration, compiled);
  }
  return compiled;
}
