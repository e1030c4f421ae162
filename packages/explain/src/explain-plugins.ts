import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { EXTENSION_CONFIG_TYPE_URL } from '@heddle/envoy-api';
import { WasmSchema } from '@heddle/envoy-api/extensions/filters/http/wasm';
import { FailurePolicy } from '@heddle/envoy-api/extensions/wasm';
import type { HttpConnectionManager } from '@heddle/envoy-api/http-connection-manager';
import { type Origin, WASM_PLUGIN_PREFIX } from '@heddle/model';
import { answered } from './answered.ts';
import type { Configuration } from './configuration.ts';
import type { Answered, Step } from './explanation.ts';

/**
 * The plugins that a request passes, in their order, as steps. What a module does with the request nobody knows who does not run it. The
 * answer of a plugin that cannot run, if there is one and it does not let requests by.
 */
export function explainPlugins(
  configuration: Configuration,
  manager: HttpConnectionManager,
  steps: Step[],
): Answered | undefined {
  const plugins = manager.httpFilters.filter(({ name }) => name.startsWith(WASM_PLUGIN_PREFIX));
  for (const [index, { name, configType }] of plugins.entries()) {
    const place = configuration.place(EXTENSION_CONFIG_TYPE_URL, name) ?? configuration.placeOf(originOf(name));
    const step = {
      step: 'filter' as const,
      name: name.slice(WASM_PLUGIN_PREFIX.length),
      near: [],
      ...(place === undefined ? {} : { place }),
    };
    if (configType.case !== 'configDiscovery') {
      const reason = 'the plugin cannot run here, and must not be passed by';
      steps.push({
        ...step,
        passed: false,
        reason,
        notes: [orderNote(configuration, name, index + 1, plugins.length)],
      });
      return answered(503, 'FI', reason);
    }
    steps.push({
      ...step,
      passed: true,
      reason: 'a plugin, which may change the request or answer it',
      notes: [orderNote(configuration, name, index + 1, plugins.length), ...notesOf(configuration, name)],
    });
  }
  return undefined;
}

/** The plugin that a filter's name says. */
function originOf(filter: string): Origin {
  const id = filter.slice(WASM_PLUGIN_PREFIX.length);
  const dot = id.indexOf('.');
  return { resource: { kind: 'WasmPlugin', namespace: id.slice(0, dot), name: id.slice(dot + 1) }, path: ['spec'] };
}

/** What decides where the plugin stands, and where that is. */
function orderNote(configuration: Configuration, filter: string, number: number, count: number): string {
  const { namespace, name } = originOf(filter).resource;
  const order = configuration.pluginOrder(namespace, name);
  const place = `plugin ${number} of ${count} on the way`;
  if (order === undefined) return place;
  const { phase = 'UNSPECIFIED_PHASE', priority = 0 } = order;
  return `phase ${phase}, priority ${priority}: ${place}`;
}

const WHEN_IT_FAILS: Readonly<Record<FailurePolicy, string>> = {
  [FailurePolicy.UNSPECIFIED]: 'are answered with 503',
  [FailurePolicy.FAIL_CLOSED]: 'are answered with 503',
  [FailurePolicy.FAIL_OPEN]: 'go by the plugin, once those that it was in are answered with 503',
  [FailurePolicy.FAIL_RELOAD]: 'are answered with 503 until it is loaded again',
};

function notesOf(configuration: Configuration, name: string): readonly string[] {
  const packed = configuration.extension(name)?.typedConfig;
  const config = packed === undefined ? undefined : anyUnpack(packed, WasmSchema)?.config;
  if (config?.vm.case !== 'vmConfig') return [];
  const code = config.vm.value.code?.specifier;
  const file = code?.case === 'local' && code.value.specifier.case === 'filename' ? code.value.specifier.value : '';
  return [
    ...(file === '' ? [] : [`module ${file}`]),
    ...(config.rootId === '' ? [] : [`its plugin "${config.rootId}"`]),
    `when it fails, requests ${WHEN_IT_FAILS[config.failurePolicy]}`,
  ];
}
