/**
 * What became of the module that a WasmPlugin names, as whoever reads files found it. A file is given by a name of its own for each
 * content: what has changed is another file.
 */
export type PluginModule =
  | {
      readonly state: 'ready';
      /** Absolute path that data planes read. */
      readonly filename: string;
    }
  /** There is none, and never was a usable one; what is wrong is told beside the snapshot. */
  | { readonly state: 'unavailable' };

/** Modules by `namespace/name` of the WasmPlugin. A plugin that is not in the table has the file that its URL names. */
export type PluginModules = ReadonlyMap<string, PluginModule>;

export const NO_PLUGIN_MODULES: PluginModules = new Map();

/** Whether two tables say the same of all plugins. */
export function samePluginModules(a: PluginModules, b: PluginModules): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [plugin, module] of a) {
    const other = b.get(plugin);
    if (other?.state !== module.state) return false;
    if (module.state === 'ready' && other.state === 'ready' && module.filename !== other.filename) return false;
  }
  return true;
}
