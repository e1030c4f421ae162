import { dirname, resolve } from 'node:path';
import { type ObjectOf, parseModuleUrl } from '@heddle/api';
import {
  type Diagnostic,
  diagnostic,
  type FieldPath,
  type MeshSnapshot,
  NO_PLUGIN_MODULES,
  type PluginModule,
  refOf,
  samePluginModules,
} from '@heddle/model';
import type { PluginModuleProvider, ResolvedPluginModules } from '../../plugin-module-provider.ts';
import { ModuleCache, moduleCacheFolder } from './module-cache.ts';
import { type BuildModule, ModuleFile, type SchemaOfModule } from './module-file.ts';
import { type CheckConfiguration, readSchema } from './plugin-schema.ts';

/** See {@link createPluginModules}. */
export interface PluginModulesOptions {
  /** Where copies are kept; `$XDG_CACHE_HOME/heddle/wasm` unless told otherwise. Data planes must be able to read it. */
  readonly cacheFolder?: string;
  /** Builds what is named as sources; without it they are refused. */
  readonly build?: BuildModule;
  /** Whether absolute paths are files of this machine (`read`, unless told otherwise) or somebody else's, which stay as they are (`unread`). */
  readonly absolutePaths?: 'read' | 'unread';
  /** Follow files as they change; true unless told otherwise. */
  readonly watch?: boolean;
}

type WasmPlugin = ObjectOf<'WasmPlugin'>;

/**
 * Reads the modules of WasmPlugins from files of this machine: `file:///PATH`, and paths from the folder of the manifest. Each is checked,
 * against the `sha256` of its plugin too, and copied under the hash of its content. Of a plugin whose module cannot be used the last good one stays.
 * See docs/decisions/0052-plugins-in-the-mesh.md.
 */
export function createPluginModules(options: PluginModulesOptions = {}): PluginModuleProvider {
  return new FilePluginModules(options);
}

class FilePluginModules implements PluginModuleProvider {
  readonly #options: PluginModulesOptions;
  readonly #cache: ModuleCache;
  readonly #files = new Map<string, ModuleFile>();
  /** The copies that plugins had last, by `namespace/name`. */
  readonly #lastGood = new Map<string, string>();
  readonly #listeners = new Set<() => void>();
  /** Of the plugins there are, by text. */
  #schemas: ReadonlyMap<string, CheckConfiguration | { readonly problem: string }> = new Map();
  #before: ResolvedPluginModules = { modules: NO_PLUGIN_MODULES, diagnostics: [] };

  constructor(options: PluginModulesOptions) {
    this.#options = options;
    this.#cache = new ModuleCache(options.cacheFolder ?? moduleCacheFolder());
  }

  async resolve(snapshot: MeshSnapshot): Promise<ResolvedPluginModules> {
    const absolute = this.#options.absolutePaths !== 'unread';
    const plugins = snapshot.list('WasmPlugin').map((plugin) => ({ plugin, ...pathOf(snapshot, plugin, absolute) }));
    const paths = new Set(plugins.flatMap(({ path }) => path ?? []));
    for (const [path, file] of this.#files) {
      if (paths.has(path)) continue;
      file.close();
      this.#files.delete(path);
    }
    for (const path of paths) if (!this.#files.has(path)) this.#files.set(path, this.#open(path));
    const modules = new Map<string, PluginModule>();
    const schemas = new Map<string, Awaited<ReturnType<typeof readSchema>>>();
    const diagnostics: Diagnostic[] = [];
    for (const { plugin, path, problem } of plugins) {
      if (path === undefined && problem === undefined) continue;
      const key = keyOf(plugin);
      const found =
        path === undefined ? { at: ['spec', 'url'], problem: problem ?? '' } : await this.#find(plugin, path);
      if ('filename' in found) {
        this.#lastGood.set(key, found.filename);
        modules.set(key, { state: 'ready', filename: found.filename });
        diagnostics.push(...(await this.#checked(plugin, found.schema, schemas)));
        continue;
      }
      const last = this.#lastGood.get(key);
      modules.set(key, last === undefined ? { state: 'unavailable' } : { state: 'ready', filename: last });
      diagnostics.push(
        diagnostic('HED250', {
          resource: refOf(plugin),
          path: found.at,
          message: found.problem,
          effect: effectOf(plugin, last !== undefined),
        }),
      );
    }
    for (const key of this.#lastGood.keys()) if (!modules.has(key)) this.#lastGood.delete(key);
    this.#schemas = schemas;
    const same =
      samePluginModules(modules, this.#before.modules) &&
      JSON.stringify(diagnostics) === JSON.stringify(this.#before.diagnostics);
    if (!same) this.#before = { modules, diagnostics };
    return this.#before;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    this.#listeners.clear();
  }

  #open(path: string): ModuleFile {
    const { build, watch = true } = this.#options;
    return new ModuleFile({
      path,
      cache: this.#cache,
      build,
      watch,
      onChange: () => {
        for (const listener of this.#listeners) listener();
      },
    });
  }

  /** What is wrong with a plugin's configuration, by the schema of its filter; `schemas` are those read for this snapshot. */
  async #checked(
    plugin: WasmPlugin,
    schema: SchemaOfModule | undefined,
    schemas: Map<string, CheckConfiguration | { readonly problem: string }>,
  ): Promise<readonly Diagnostic[]> {
    if (schema === undefined) return [];
    const resource = refOf(plugin);
    const unusable = (message: string) =>
      diagnostic('HED252', { resource, path: ['spec', 'url'], message, effect: 'its configuration is not checked' });
    if ('problem' in schema) return [unusable(schema.problem)];
    const check = schemas.get(schema.text) ?? this.#schemas.get(schema.text) ?? (await readSchema(schema.text));
    schemas.set(schema.text, check);
    if (typeof check !== 'function') return [unusable(`"${schema.file}": ${check.problem}`)];
    return check(plugin.spec.pluginConfig ?? {}).map(({ path, message }) =>
      diagnostic('HED251', {
        resource,
        path: ['spec', 'pluginConfig', ...path],
        message,
        effect: 'the filter may refuse its configuration: proxies go on with the one before, or do not start',
      }),
    );
  }

  async #find(
    { spec }: WasmPlugin,
    path: string,
  ): Promise<
    | { readonly filename: string; readonly schema?: SchemaOfModule }
    | { readonly at: FieldPath; readonly problem: string }
  > {
    const content = await (this.#files.get(path) as ModuleFile).content();
    if ('problem' in content) return { at: ['spec', 'url'], problem: content.problem };
    const wanted = spec.sha256?.toLowerCase();
    if (wanted === undefined || wanted === content.hash) return content;
    return { at: ['spec', 'sha256'], problem: `"${path}" has SHA-256 ${content.hash}, wanted ${wanted}` };
  }
}

/** Where the module of a plugin is on this machine; neither path nor problem for what is no file. */
function pathOf(
  snapshot: MeshSnapshot,
  plugin: WasmPlugin,
  readsAbsolute: boolean,
): { readonly path?: string; readonly problem?: string } {
  const { url, type } = plugin.spec;
  const location = parseModuleUrl(url);
  if (location?.scheme !== 'file' || type === 'NETWORK') return {};
  if (location.absolute) return readsAbsolute ? { path: resolve(location.path) } : {};
  const manifest = snapshot.locate(refOf(plugin))?.file;
  // Standard input, and texts in memory, stand in no folder.
  if (manifest === undefined || manifest.startsWith('<')) {
    return {
      problem: `"${url}" is a path from the manifest's folder, and the manifest is in none; wanted file:///PATH`,
    };
  }
  return { path: resolve(dirname(manifest), location.path) };
}

function keyOf({ metadata }: WasmPlugin): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`;
}

function effectOf({ spec }: WasmPlugin, hasLast: boolean): string {
  if (hasLast) return 'the last good module goes on being served';
  return spec.failStrategy === 'FAIL_OPEN'
    ? 'requests go by the plugin (FAIL_OPEN)'
    : 'requests that should pass the plugin are answered with 503';
}
