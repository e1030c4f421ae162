/**
 * WebAssembly plugins and virtual machines, shared by the HTTP and the network filter.
 *
 * @module
 */
export {
  type CapabilityRestrictionConfig,
  CapabilityRestrictionConfigSchema,
  type EnvironmentVariables,
  EnvironmentVariablesSchema,
  FailurePolicy,
  FailurePolicySchema,
  type PluginConfig,
  PluginConfigSchema,
  type ReloadConfig,
  ReloadConfigSchema,
  type SanitizationConfig,
  SanitizationConfigSchema,
  type VmConfig,
  VmConfigSchema,
} from '../../gen/envoy/extensions/wasm/v3/wasm_pb.js';
