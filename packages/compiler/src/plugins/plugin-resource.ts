import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack, StringValueSchema } from '@bufbuild/protobuf/wkt';
import { EXTENSION_CONFIG_TYPE_URL } from '@heddle/envoy-api';
import { TypedExtensionConfigSchema } from '@heddle/envoy-api/core';
import { WasmSchema } from '@heddle/envoy-api/extensions/filters/http/wasm';
import { FailurePolicy } from '@heddle/envoy-api/extensions/wasm';
import { type Origin, STOP_ITERATION_ANNOTATION, wasmPluginName, xdsResource } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import type { Memo } from '../memo.ts';
import { nameOf, namespaceOf, refOfObject, type WasmPlugin } from '../mesh-objects.ts';

/**
 * The configuration of a plugin whose module is the file `filename`, for ECDS.
 *
 * Each plugin has a `vm_id` of its own: what plugins share by it (data, queues) another plugin does not see, and a new version of the
 * module goes on with it. Envoy 1.36 and later know all of these fields.
 */
export function buildPluginResource(_memo: Memo, plugin: WasmPlugin, filename: string): CompiledResource {
  const { spec, metadata } = plugin;
  const name = wasmPluginName(namespaceOf(plugin), nameOf(plugin));
  const id = `${namespaceOf(plugin)}.${nameOf(plugin)}`;
  const env = spec.vmConfig?.env ?? [];
  const fromHost = env.filter(({ valueFrom }) => valueFrom === 'HOST').map((one) => one.name);
  const inline = env.filter(({ valueFrom }) => valueFrom !== 'HOST').map((one) => [one.name, one.value ?? ''] as const);
  const told = Object.keys(spec.pluginConfig ?? {}).length > 0;
  const stopsHeadersAlone = metadata.annotations?.[STOP_ITERATION_ANNOTATION] === 'true';
  const wasm = create(WasmSchema, {
    config: {
      name: id,
      rootId: spec.pluginName ?? '',
      ...(told
        ? {
            configuration: anyPack(
              StringValueSchema,
              create(StringValueSchema, { value: JSON.stringify(spec.pluginConfig) }),
            ),
          }
        : {}),
      failurePolicy: FAILURE_POLICIES[spec.failStrategy ?? 'FAIL_CLOSE'],
      ...(stopsHeadersAlone ? { allowOnHeadersStopIteration: true } : {}),
      vm: {
        case: 'vmConfig',
        value: {
          vmId: id,
          runtime: 'envoy.wasm.runtime.v8',
          code: {
            specifier: { case: 'local', value: { specifier: { case: 'filename', value: filename } } },
          },
          ...(env.length === 0
            ? {}
            : { environmentVariables: { hostEnvKeys: fromHost, keyValues: Object.fromEntries(inline) } }),
        },
      },
    },
  });
  const config = create(TypedExtensionConfigSchema, { name, typedConfig: anyPack(WasmSchema, wasm) });
  const origin: Origin = { resource: refOfObject(plugin), path: ['spec'] };
  return {
    resource: xdsResource(EXTENSION_CONFIG_TYPE_URL, name, toBinary(TypedExtensionConfigSchema, config)),
    diagnostics: [],
    provenance: () => new Map([['', origin]]),
  };
}

const FAILURE_POLICIES = {
  FAIL_CLOSE: FailurePolicy.FAIL_CLOSED,
  FAIL_OPEN: FailurePolicy.FAIL_OPEN,
  FAIL_RELOAD: FailurePolicy.FAIL_RELOAD,
} as const;
