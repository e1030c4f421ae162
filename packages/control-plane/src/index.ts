/**
 * Sources, compiler and discovery server put together.
 *
 * @module
 */
export { type AdminAppOptions, createAdminApp } from './admin-app.ts';
export {
  type ControlPlane,
  type ControlPlaneEvent,
  type ControlPlaneOptions,
  createControlPlane,
} from './control-plane.ts';
export { formatMetrics, METRICS_CONTENT_TYPE, type MetricFamily, type Sample } from './metrics/exposition.ts';
export type { PluginModuleProvider, ResolvedPluginModules } from './plugin-module-provider.ts';
export type { ProxyLookup } from './proxy-lookup.ts';
export type { Rejection, ResourceOrigin } from './rejections.ts';
export type { ProxySyncStatus, RejectedResource, TypeSync, TypeSyncDetail } from './sync-status.ts';
