import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

const WASM_FILTER = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';

/** What a test puts in place of what a filter's envoy.yaml says. */
export interface FilterBootstrapOptions {
  /** Path of the module. */
  readonly file: string;
  /** A listener for each: its port, and the plugin's configuration as text (undefined: as the example has it). */
  readonly listeners: readonly { readonly port: number; readonly configuration: string | undefined }[];
  /** Ports of 127.0.0.1 by the names of clusters. */
  readonly clusterPorts: Readonly<Record<string, number>>;
}

/**
 * The static resources of a filter's envoy.yaml, in Envoy's JSON, with other ports, another path of the module and as many listeners as
 * there are configurations: what people are told to run is what the tests run.
 */
export function filterResources(example: JsonValue, options: FilterBootstrapOptions): JsonObject {
  const { static_resources: resources } = example as { static_resources: JsonObject };
  const [template] = resources['listeners'] as JsonObject[];
  if (template === undefined) throw new Error('Cannot use envoy.yaml: found no listener, wanted one');
  return {
    listeners: options.listeners.map(({ port, configuration }, i) => {
      const listener = structuredClone(template);
      listener['name'] = `listener-${i}`;
      listener['address'] = { socket_address: { address: '127.0.0.1', port_value: port } };
      const found = visit(listener, (value) => {
        if (value['@type'] === WASM_FILTER) setPlugin(value['config'] as JsonObject, options.file, configuration);
        return value['@type'] === WASM_FILTER;
      });
      if (found === 0) throw new Error(`Cannot use envoy.yaml: found no filter of type "${WASM_FILTER}", wanted one`);
      return listener;
    }),
    clusters: ((resources['clusters'] as JsonObject[] | undefined) ?? []).map((cluster) => {
      const name = cluster['name'] as string;
      const port = options.clusterPorts[name];
      if (port === undefined) throw new Error(`Cannot use envoy.yaml: cluster "${name}" is unknown to the test`);
      const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
      return {
        ...cluster,
        type: 'STATIC',
        load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
      };
    }),
  };
}

/** What a filter's envoy.yaml says beside its static resources, as far as a test keeps it: labels of metrics. The admin interface has a port of the test. */
export function outsideOfResources(example: JsonValue): JsonObject {
  const kept = Object.entries(example as JsonObject).filter(([name]) => name === 'stats_config');
  return Object.fromEntries(kept);
}

function setPlugin(config: JsonObject, file: string, configuration: string | undefined): void {
  const vm = config['vm_config'] as JsonObject;
  vm['code'] = { local: { filename: file } };
  if (configuration === undefined) return;
  config['configuration'] = { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: configuration };
}

/** Calls back for every object inside, and counts those for which it says true. */
function visit(value: JsonValue | undefined, isCounted: (value: JsonObject) => boolean): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = !Array.isArray(value) && isCounted(value) ? 1 : 0;
  return Object.values(value).reduce<number>((count, inner) => count + visit(inner, isCounted), own);
}

/** The plugin's configuration that the example shows: what stands under the Wasm filter's `configuration`, as JSON. */
export function exampleConfiguration(example: JsonValue): JsonValue {
  const found: JsonValue[] = [];
  visit(example, (value) => {
    if (value['@type'] === WASM_FILTER)
      found.push(((value['config'] as JsonObject)['configuration'] as JsonObject)['value'] ?? null);
    return false;
  });
  const [first = null] = found;
  if (!found.every((one) => isDeepStrictEqual(one, first)))
    throw new Error('envoy.yaml configures its filters unlike each other');
  return typeof first === 'string' ? (JSON.parse(first) as JsonValue) : first;
}
