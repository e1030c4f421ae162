import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { RouterSchema } from '@heddle/envoy-api/extensions/filters/http/router';
import type { HttpFilterSchema } from '@heddle/envoy-api/http-connection-manager';
import { httpPluginFilters, type PluginFilters } from '../plugins/plugin-filters.ts';
import { CORS_FILTER, corsFilter } from './cors.ts';
import { FAULT_FILTER, faultFilter } from './fault.ts';

/** One filter of every connection manager, with the reason for its place. */
interface PlacedFilter {
  readonly name: string;
  readonly config: () => Any;
  /**
   * A data plane may pass over it: the routes that need it are told whether the proxy has it (HED301). What would let requests through
   * that should be stopped is never optional.
   */
  readonly optional: boolean;
}

/** The HTTP filters in the order in which requests pass them. */
const FILTERS: readonly PlacedFilter[] = [
  // As in Istio: an injected error is one that no filter after it has answered or counted.
  { name: FAULT_FILTER, config: faultFilter, optional: true },
  // Before whatever may refuse a request: a refusal without CORS headers is unreadable for the page that asked.
  { name: CORS_FILTER, config: corsFilter, optional: true },
  // Last: it answers by the route, and nothing after it would see the request.
  { name: 'envoy.filters.http.router', config: () => anyPack(RouterSchema, create(RouterSchema)), optional: false },
];

/**
 * The HTTP filters of a connection manager. Plugins come before all others, as in Istio: they may decide who comes through, and what
 * they change is what the others see. See docs/decisions/0052-plugins-in-the-mesh.md.
 */
export function httpFilters(plugins: PluginFilters): MessageInitShape<typeof HttpFilterSchema>[] {
  return [
    ...httpPluginFilters(plugins),
    ...FILTERS.map(({ name, config, optional }) => ({
      name,
      configType: { case: 'typedConfig' as const, value: config() },
      isOptional: optional,
    })),
  ];
}
