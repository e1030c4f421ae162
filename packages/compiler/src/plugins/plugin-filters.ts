import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { typeUrlOf } from '@heddle/envoy-api';
import { ApiVersion } from '@heddle/envoy-api/core';
import { HTTPFaultSchema } from '@heddle/envoy-api/extensions/filters/http/fault';
import { WasmSchema } from '@heddle/envoy-api/extensions/filters/http/wasm';
import type { HttpFilterSchema } from '@heddle/envoy-api/http-connection-manager';
import { duration } from '../duration.ts';
import { fractionalPercent } from '../http-filters/fractional-percent.ts';

/**
 * The plugins of a connection manager in their order, as an input of stages: a line for each, `run NAME`, or `refuse NAME` for one that
 * cannot run and whose requests must not pass all the same. Their configurations are resources of their own, so that a connection
 * manager changes only when plugins come and go.
 */
export type PluginFilters = string;

/** What a connection manager does at the place of a plugin. */
export type PluginUse = 'run' | 'refuse';

export function pluginFilters(uses: readonly { readonly name: string; readonly use: PluginUse }[]): PluginFilters {
  return uses.map(({ name, use }) => `${use} ${name}`).join('\n');
}

/** The HTTP filters that stand for plugins. */
export function httpPluginFilters(filters: PluginFilters): MessageInitShape<typeof HttpFilterSchema>[] {
  return filters === '' ? [] : filters.split('\n').map(httpPluginFilter);
}

function httpPluginFilter(line: string): MessageInitShape<typeof HttpFilterSchema> {
  const name = line.slice(line.indexOf(' ') + 1);
  if (line.startsWith('refuse ')) {
    // What Envoy answers when a plugin that fails closed has failed: 503.
    const refusal = create(HTTPFaultSchema, {
      abort: { errorType: { case: 'httpStatus', value: 503 }, percentage: fractionalPercent(100) },
    });
    return { name, configType: { case: 'typedConfig', value: anyPack(HTTPFaultSchema, refusal) } };
  }
  return {
    name,
    configType: {
      case: 'configDiscovery',
      value: {
        configSource: {
          configSourceSpecifier: { case: 'ads', value: {} },
          resourceApiVersion: ApiVersion.V3,
          // Wait for the plugin however long it takes: a listener without it would let everything through, or nothing.
          initialFetchTimeout: duration(0),
        },
        typeUrls: [typeUrlOf(WasmSchema)],
      },
    },
  };
}
