import type { Diagnostic, MeshSnapshot, PluginModules } from '@heddle/model';

/** Whoever looks after the modules that WasmPlugins name: reads, checks and builds them, and keeps copies that data planes can read. */
export interface PluginModuleProvider {
  /**
   * The modules for the plugins of a snapshot; a module that nobody asked for before is waited for. The same object as before if nothing is
   * different. Never rejects for what is wrong with a module: that is among the diagnostics.
   */
  resolve(snapshot: MeshSnapshot): Promise<ResolvedPluginModules>;
  /** Calls the listener when {@link resolve} would answer differently for the same snapshot. */
  subscribe(listener: () => void): () => void;
  close(): Promise<void>;
}

/** See {@link PluginModuleProvider}. */
export interface ResolvedPluginModules {
  readonly modules: PluginModules;
  /** Of each module that cannot be used, at the field of its plugin that says so. */
  readonly diagnostics: readonly Diagnostic[];
}
