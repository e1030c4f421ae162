import { fromBinary, type Message } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { type Any, anyUnpack, BytesValueSchema, StringValueSchema } from '@bufbuild/protobuf/wkt';
import { typeUrlOf } from '@heddle/envoy-api';
import { WasmSchema } from '@heddle/envoy-api/extensions/filters/http/wasm';
import { FailurePolicy as EnvoyFailurePolicy, type VmConfig } from '@heddle/envoy-api/extensions/wasm';
import type { FailurePolicy } from '@heddle/wasm-host';
import { durationMs } from '../duration.ts';

/** The type of a filter in WebAssembly (`envoy.extensions.filters.http.wasm.v3.Wasm`). */
export const WASM_TYPE_URL = typeUrlOf(WasmSchema);

/** A filter in WebAssembly as it is configured. */
export interface WasmSettings {
  /** Equal for equal configurations, which share a running module. */
  readonly key: string;
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  readonly code: { readonly filename: string } | { readonly bytes: Uint8Array<ArrayBuffer> };
  readonly configuration: Uint8Array;
  readonly vmConfiguration: Uint8Array;
  readonly environment: Readonly<Record<string, string>>;
  /** Names of variables of the gateway's own environment that the module may see. */
  readonly hostEnvironment: readonly string[];
  readonly failurePolicy: FailurePolicy;
  readonly reloadIntervalMs: number | undefined;
  readonly allowsStopIteration: boolean;
}

/** Reads a filter's configuration; a sentence says why it cannot be obeyed. */
export function wasmSettings(config: Any): WasmSettings | { readonly problem: string } {
  if (config.typeUrl !== WASM_TYPE_URL) {
    return { problem: `its configuration is "${config.typeUrl}", wanted "${WASM_TYPE_URL}"` };
  }
  const { config: plugin } = fromBinary(WasmSchema, config.value);
  if (plugin?.vm.case !== 'vmConfig') return { problem: 'it has no vm_config' };
  const vm = plugin.vm.value;
  if (plugin.capabilityRestrictionConfig !== undefined || vm.capabilityRestrictionConfig !== undefined) {
    return { problem: 'capability_restriction_config is not implemented' };
  }
  const code = codeOf(vm.code);
  if ('problem' in code) return code;
  return {
    key: keyOf(config.value),
    name: plugin.name,
    rootId: plugin.rootId,
    vmId: vm.vmId,
    code,
    configuration: configurationBytes(plugin.configuration),
    vmConfiguration: configurationBytes(vm.configuration),
    environment: vm.environmentVariables?.keyValues ?? {},
    hostEnvironment: vm.environmentVariables?.hostEnvKeys ?? [],
    failurePolicy: failurePolicyOf(plugin.failurePolicy, plugin.failOpen),
    reloadIntervalMs:
      plugin.reloadConfig?.backoff?.baseInterval === undefined
        ? undefined
        : durationMs(plugin.reloadConfig.backoff.baseInterval, 1000),
    allowsStopIteration: plugin.allowOnHeadersStopIteration ?? false,
  };
}

function codeOf(code: VmConfig['code']): WasmSettings['code'] | { readonly problem: string } {
  if (code?.specifier.case !== 'local') {
    return { problem: `its code is "${code?.specifier.case ?? 'not given'}", wanted local: filename or inline_bytes` };
  }
  const { specifier } = code.specifier.value;
  switch (specifier.case) {
    case 'filename':
      return { filename: specifier.value };
    case 'inlineBytes':
      return { bytes: specifier.value.slice() };
    default:
      return { problem: `its code is local "${specifier.case ?? 'nothing'}", wanted filename or inline_bytes` };
  }
}

/**
 * What a module reads as its configuration: the text or bytes within, else the message's own bytes. Those of a Struct too: Envoy's reference speaks
 * of JSON, Envoy gives protobuf.
 */
function configurationBytes(config: Any | undefined): Uint8Array {
  if (config === undefined) return new Uint8Array();
  const unpack = <Shape extends Message>(schema: GenMessage<Shape>): Shape | undefined => anyUnpack(config, schema);
  const text = unpack(StringValueSchema);
  if (text !== undefined) return new TextEncoder().encode(text.value);
  const bytes = unpack(BytesValueSchema);
  if (bytes !== undefined) return bytes.value;
  return config.value;
}

function failurePolicyOf(policy: EnvoyFailurePolicy, failOpen: boolean): FailurePolicy {
  switch (policy) {
    case EnvoyFailurePolicy.FAIL_RELOAD:
      return 'reload';
    case EnvoyFailurePolicy.FAIL_OPEN:
      return 'open';
    case EnvoyFailurePolicy.FAIL_CLOSED:
      return 'closed';
    default:
      return failOpen ? 'always-open' : 'closed';
  }
}

/** Bytes as text, one character each. */
function keyOf(bytes: Uint8Array): string {
  let key = '';
  for (let at = 0; at < bytes.length; at += 4096) key += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return key;
}
