/**
 * The HTTP filter `envoy.filters.http.on_demand`.
 *
 * @module
 */
export {
  type OnDemand,
  type OnDemandCds,
  OnDemandCdsSchema,
  OnDemandSchema,
  type PerRouteConfig,
  PerRouteConfigSchema,
} from '../../../../gen/envoy/extensions/filters/http/on_demand/v3/on_demand_pb.js';
