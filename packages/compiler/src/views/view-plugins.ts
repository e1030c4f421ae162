import { parseModuleUrl } from '@heddle/api';
import { type Diagnostic, diagnostic, type PluginModule, wasmPluginName } from '@heddle/model';
import { canDo, cannotDo, outboundCapture } from '../capabilities.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import type { Memo } from '../memo.ts';
import { nameOf, namespaceOf, qualifiedName, refOfObject, type WasmPlugin } from '../mesh-objects.ts';
import { type PluginFilters, type PluginUse, pluginFilters } from '../plugins/plugin-filters.ts';
import { buildPluginResource } from '../plugins/plugin-resource.ts';
import { passesPort, passesSide, selectedPlugins, type TrafficSide } from '../plugins/selected-plugins.ts';
import { listOf, type ViewScope } from './view-scope.ts';

/** The plugins of a view's proxies. */
export interface ViewPlugins {
  /** Configurations of those that run. */
  readonly resources: readonly CompiledResource[];
  readonly diagnostics: readonly Diagnostic[];
  /** Those that the traffic of a listener's port passes. */
  filtersAt(side: TrafficSide, port: number): PluginFilters;
}

export function viewPlugins(scope: ViewScope): ViewPlugins {
  const { memo, snapshot, view, settings } = scope;
  const all = listOf(snapshot, 'WasmPlugin');
  if (all.length === 0) return NONE;
  const { rootNamespace } = settings;
  const selected = memo.run(selectedPlugins, all, view.namespace, JSON.stringify(view.labels), rootNamespace);
  const able = canDo(view.capabilities, 'heddle.http.wasm');
  const served = view.type === 'router' || outboundCapture(view) === 'redirected';
  const placed = selected.map((plugin) => {
    const module = snapshot.pluginModules.get(qualifiedName(plugin));
    return memo.run(placePlugin, plugin, fileOf(plugin, module), module === undefined, able, served);
  });
  return {
    resources: placed.flatMap(({ resource }) => resource ?? []),
    diagnostics: placed.flatMap(({ diagnostics }) => diagnostics),
    filtersAt: (side, port) =>
      pluginFilters(
        placed.flatMap(({ plugin, name, use }) =>
          use !== undefined && passesPort(plugin, side, port) ? { name, use } : [],
        ),
      ),
  };
}

const NONE: ViewPlugins = { resources: [], diagnostics: [], filtersAt: () => '' };

/** The module's file for data planes: where somebody looked after it, what they found; else what the URL names. */
function fileOf({ spec }: WasmPlugin, module: PluginModule | undefined): string | undefined {
  if (module !== undefined) return module.state === 'ready' ? module.filename : undefined;
  const location = parseModuleUrl(spec.url);
  return location?.scheme === 'file' && location.absolute ? location.path : undefined;
}

interface PlacedPlugin {
  readonly plugin: WasmPlugin;
  readonly name: string;
  /** Undefined for one that requests pass by. */
  readonly use: PluginUse | undefined;
  readonly resource: CompiledResource | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** `unread`: nobody looked for the file; `served`: the proxy stands before its workload too, or is a gateway. */
function placePlugin(
  memo: Memo,
  plugin: WasmPlugin,
  filename: string | undefined,
  unread: boolean,
  able: boolean,
  served: boolean,
): PlacedPlugin {
  const resource = refOfObject(plugin);
  const name = wasmPluginName(namespaceOf(plugin), nameOf(plugin));
  const open = plugin.spec.failStrategy === 'FAIL_OPEN';
  const effect = open
    ? 'requests go by the plugin (FAIL_OPEN)'
    : 'requests that should pass the plugin are answered with 503';
  const diagnostics: Diagnostic[] = [];
  if (!served && passesSide(plugin, 'SERVER')) {
    const message = 'this sidecar does not stand before its workload: connections reach it directly';
    diagnostics.push(
      diagnostic('HED301', {
        resource,
        path: plugin.spec.match === undefined ? ['spec'] : ['spec', 'match'],
        message,
        effect: 'what calls the workload does not pass the plugin',
      }),
    );
  }
  const placed = { plugin, name };
  if (!able) {
    diagnostics.push(cannotDo('heddle.http.wasm', resource, ['spec'], effect));
  } else if (filename !== undefined) {
    return { ...placed, use: 'run', resource: memo.run(buildPluginResource, plugin, filename), diagnostics };
  } else if (unread && parseModuleUrl(plugin.spec.url)?.scheme === 'file') {
    const message = `nobody resolves "${plugin.spec.url}" here, wanted an absolute path, file:///PATH`;
    diagnostics.push(diagnostic('HED250', { resource, path: ['spec', 'url'], message, effect }));
  }
  return { ...placed, use: open ? undefined : 'refuse', resource: undefined, diagnostics };
}
