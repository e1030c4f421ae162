/** The module of wasm-host/test-modules/gate.ts, and listeners that have it in their chain. */
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@bufbuild/protobuf';
import { fromJson } from '@bufbuild/protobuf';
import { type TypedExtensionConfig, TypedExtensionConfigSchema } from '@heddle/envoy-api/core';
import { registry } from '@heddle/envoy-api/registry';
import { compileModule } from '@heddle/testing/compile-module';

const type = (name: string) => `type.googleapis.com/${name}`;

/** Compiles the module. */
export async function compileGate(): Promise<Uint8Array<ArrayBuffer>> {
  const entry = fileURLToPath(new URL('../../wasm-host/test-modules/gate.ts', import.meta.url));
  return (await compileModule(entry, { flags: ['--runtime', 'incremental', '--use', 'abort=gate/abort'] })).wasm;
}

/** How one filter differs from the usual. */
export interface GateOptions {
  readonly configuration?: string;
  /** Envoy JSON laid over PluginConfig. */
  readonly plugin?: JsonObject;
  /** A file in place of the bytes. */
  readonly filename?: string;
}

/** The filter's configuration as Envoy JSON. */
export function gateConfig(
  wasm: Uint8Array,
  { configuration = 'gate', plugin = {}, filename }: GateOptions = {},
): JsonObject {
  return {
    '@type': type('envoy.extensions.filters.http.wasm.v3.Wasm'),
    config: {
      name: 'gate',
      vmConfig: {
        runtime: 'envoy.wasm.runtime.v8',
        code: { local: filename === undefined ? { inlineBytes: Buffer.from(wasm).toString('base64') } : { filename } },
      },
      configuration: { '@type': type('google.protobuf.StringValue'), value: configuration },
      ...plugin,
    },
  };
}

/** An entry of `http_filters`. */
export function gateFilter(wasm: Uint8Array, options: GateOptions = {}, name = 'gate'): JsonObject {
  return { name, typedConfig: gateConfig(wasm, options) };
}

/** The filter as a resource of its own (ECDS). */
export function gateResource(name: string, config: JsonObject): TypedExtensionConfig {
  return fromJson(TypedExtensionConfigSchema, { name, typedConfig: config }, { registry });
}

/** An entry whose configuration is fetched. */
export function discovered(name: string): JsonObject {
  return {
    name,
    configDiscovery: {
      configSource: { ads: {}, resourceApiVersion: 'V3' },
      typeUrls: [type('envoy.extensions.filters.http.wasm.v3.Wasm')],
    },
  };
}

export const routerFilter: JsonObject = {
  name: 'envoy.filters.http.router',
  typedConfig: { '@type': type('envoy.extensions.filters.http.router.v3.Router') },
};
