import { type Any, anyIs } from '@bufbuild/protobuf/wkt';
import { HTTPFaultSchema } from '@heddle/envoy-api/extensions/filters/http/fault';
import type { RouteTable } from '@heddle/routing';
import type { HttpFilter } from '../http-filter.ts';
import { CORS_FILTER, corsFilter } from './cors-filter.ts';
import { FAULT_FILTER, faultFilter } from './fault-filter.ts';

/**
 * Makes a filter of its configuration in the listener and of what the routes say to it; undefined when it would do nothing for any of
 * them, so that requests do not pass it. What cannot be obeyed is said in `problems`.
 */
export type FilterFactory = (
  config: Any | undefined,
  table: RouteTable | undefined,
  problems: string[],
) => HttpFilter | undefined;

/** The HTTP filters that a listener may configure, by the name of the filter. */
export const knownFilters: ReadonlyMap<string, FilterFactory> = new Map<string, FilterFactory>([
  [CORS_FILTER, corsFilter],
  [FAULT_FILTER, faultFilter],
]);

/**
 * The filter that a listener configures under a name; undefined if the gateway has none. A fault filter under another name than its own
 * is one that no route speaks to: it strikes as the listener says.
 */
export function filterFactory(name: string, config: Any | undefined): FilterFactory | undefined {
  const known = knownFilters.get(name);
  if (known !== undefined || config === undefined || !anyIs(config, HTTPFaultSchema)) return known;
  return (own, _table, problems) => faultFilter(own, undefined, problems);
}

/** What routes say to filters that the gateway does not know, in a sentence for each filter. */
export function unknownFilterConfigs(table: RouteTable | undefined): readonly string[] {
  const names = new Set<string>();
  for (const virtualHost of table?.virtualHosts ?? []) {
    for (const { config } of virtualHost.routes) {
      for (const name of Object.keys(config.typedPerFilterConfig)) if (!knownFilters.has(name)) names.add(name);
    }
  }
  return [...names].map((name) => `typed_per_filter_config "${name}" has no effect: the filter is not implemented`);
}
