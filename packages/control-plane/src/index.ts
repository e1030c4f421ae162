/**
 * Sources, compiler and discovery server put together.
 *
 * @module
 */
export { createAdminApp } from './admin-app.ts';
export { type ControlPlane, type ControlPlaneOptions, createControlPlane } from './control-plane.ts';
export type { ProxySyncStatus, TypeSync } from './sync-status.ts';
