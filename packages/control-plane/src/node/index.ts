/**
 * Puts a control plane on the network, and reads the modules of plugins from files.
 *
 * @module
 */
export type { BuildModule } from './plugin-modules/module-file.ts';
export { createPluginModules, type PluginModulesOptions } from './plugin-modules/plugin-modules.ts';
export { type ServeControlPlaneOptions, type ServedControlPlane, serveControlPlane } from './serve-control-plane.ts';
