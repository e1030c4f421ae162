import { ROUTE_CONFIGURATION_TYPE_URL } from '@heddle/envoy-api';
import type { Configuration } from './configuration.ts';
import type { Place } from './explanation.ts';

/** What made exactly this part of a route configuration. */
export function placeInRoutes(configuration: Configuration, routes: string, path: string): Place | undefined {
  return configuration.exactPlace(ROUTE_CONFIGURATION_TYPE_URL, routes, path);
}
