/**
 * Puts a control plane on the network.
 *
 * @module
 */
export { type ServeControlPlaneOptions, type ServedControlPlane, serveControlPlane } from './serve-control-plane.ts';
