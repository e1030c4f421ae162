/**
 * Type URLs, versions and what each Envoy version lacks. The messages themselves are in subpaths, so that a program loads
 * only what it uses.
 *
 * @module
 */
import type { Registry } from '@bufbuild/protobuf';

export { envoyApiVersion, overlaidNames, protoPackage } from '../gen/version.js';
export {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  RESOURCE_TYPE_URLS,
  type ResourceTypeUrl,
  ROUTE_CONFIGURATION_TYPE_URL,
  SCOPED_ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
  TYPE_URL_PREFIX,
  typeUrlOf,
  VIRTUAL_HOST_TYPE_URL,
} from './type-urls.ts';
export { type EnvoyMinorVersion, supportedEnvoyVersions, unsupportedFields } from './unsupported-fields.ts';

/**
 * Loads every generated type, for printing and parsing messages that hold an `Any`. Takes about 0.2 s the first time;
 * programs that always need it may import `registry` from `@heddle/envoy-api/registry` instead.
 *
 * @returns the registry to pass as `registry` to `toJson` and `fromJson` of `@bufbuild/protobuf`
 */
export async function loadRegistry(): Promise<Registry> {
  return (await import('./registry.ts')).registry;
}
