import { type Any, anyIs } from '@bufbuild/protobuf/wkt';
import type { ExtensionConfigSource, TypedExtensionConfig } from '@heddle/envoy-api/core';
import { HTTPFaultSchema } from '@heddle/envoy-api/extensions/filters/http/fault';
import type { RouteTable } from '@heddle/routing';
import { type GenerationLeases, missingFilter, WASM_FILTER, wasmFilter } from '../../wasm/wasm-filter.ts';
import type { WasmPlugins } from '../../wasm/wasm-plugins.ts';
import { WASM_TYPE_URL, wasmSettings } from '../../wasm/wasm-settings.ts';
import type { HttpFilter } from '../http-filter.ts';
import { CORS_FILTER, corsFilter } from './cors-filter.ts';
import { FAULT_FILTER, faultFilter } from './fault-filter.ts';

/**
 * Makes a filter of its configuration in the listener and of what the routes say to it; undefined when it would do nothing for any of
 * them, so that requests do not pass it. What cannot be obeyed is said in `problems`.
 */
export type FilterFactory = (
  config: Any | undefined,
  table: RouteTable | undefined,
  problems: string[],
  context: FilterContext,
) => HttpFilter | undefined;

/** What filters may use of the gateway that they are in. */
export interface FilterContext {
  readonly plugins: WasmPlugins;
  readonly leases: GenerationLeases;
  /** Configurations that were fetched, by name. */
  readonly extensionConfigs: ReadonlyMap<string, TypedExtensionConfig>;
}

/** The HTTP filters that a listener may configure, by the name of the filter. */
const knownFilters: ReadonlyMap<string, FilterFactory> = new Map<string, FilterFactory>([
  [CORS_FILTER, corsFilter],
  [FAULT_FILTER, faultFilter],
]);

/** The filters that are told by the type of their configuration, whatever they are called. */
const filtersByType: ReadonlyMap<string, FilterFactory> = new Map<string, FilterFactory>([
  [
    WASM_TYPE_URL,
    (config, _table, problems, { plugins, leases }) => {
      const settings = config === undefined ? { problem: 'it has no configuration' } : wasmSettings(config);
      if ('problem' in settings) {
        problems.push(`"${WASM_FILTER}" cannot be obeyed: ${settings.problem}`);
        return missingFilter(WASM_FILTER);
      }
      return wasmFilter(settings, plugins, leases);
    },
  ],
]);

/**
 * The filter that a listener configures under a name; undefined if the gateway has none. A fault filter under another name than its own
 * is one that no route speaks to: it strikes as the listener says.
 */
export function filterFactory(name: string, config: Any | undefined): FilterFactory | undefined {
  const known = knownFilters.get(name);
  if (known !== undefined || config === undefined) return known;
  if (anyIs(config, HTTPFaultSchema)) return (own, _table, problems) => faultFilter(own, undefined, problems);
  return filtersByType.get(config.typeUrl);
}

/** The filter of an entry whose configuration is fetched (ECDS), or has a default. */
export function discoveredFilter(name: string, source: ExtensionConfigSource): FilterFactory {
  return (_config, table, problems, context) => {
    const config = context.extensionConfigs.get(name)?.typedConfig ?? source.defaultConfig;
    const create = config === undefined ? undefined : filterFactory(name, config);
    if (create !== undefined) return create(config, table, problems, context);
    problems.push(
      config === undefined
        ? `the configuration of HTTP filter "${name}" does not exist: every request is answered 500`
        : `HTTP filter "${name}" is of type "${config.typeUrl}", which is not implemented: every request is answered 500`,
    );
    return missingFilter(name);
  };
}

/** Why a filter's configuration cannot be obeyed; undefined if it can. Loads and starts what it asks for. */
export async function prepareFilter(config: Any, plugins: WasmPlugins): Promise<string | undefined> {
  if (config.typeUrl === WASM_TYPE_URL) return plugins.prepare(config);
  return undefined;
}

/** What routes say to filters that the gateway does not know, in a sentence for each filter. */
export function unknownFilterConfigs(table: RouteTable | undefined): readonly string[] {
  const names = new Set<string>();
  for (const virtualHost of table?.virtualHosts ?? []) {
    for (const { config } of virtualHost.routes) {
      for (const name of Object.keys(config.typedPerFilterConfig)) if (!knownFilters.has(name)) names.add(name);
    }
  }
  return [...names].map((name) => `typed_per_filter_config "${name}" has no effect: the filter is not implemented`);
}
