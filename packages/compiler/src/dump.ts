/**
 * Compiled resources as Envoy's JSON, for people and for `heddle translate`. Knows the types that the
 * compiler emits.
 *
 * @module
 */
import { type DescMessage, fromBinary, isMessage, type JsonValue, type MessageShape, toJson } from '@bufbuild/protobuf';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '@heddle/envoy-api';
import { SecretSchema } from '@heddle/envoy-api/tls';
import type { ResourceSet, XdsResource } from '@heddle/model';
import { emittedTypes } from './emitted-types.ts';
import { redactSecret } from './tls/redact-secret.ts';

/** Resources in protobuf's JSON (lowerCamelCase field names, `@type` in every `Any`), ordered by name. */
export interface ResourceDump {
  readonly listeners: readonly JsonValue[];
  readonly routes: readonly JsonValue[];
  readonly clusters: readonly JsonValue[];
  readonly endpoints: readonly JsonValue[];
  /** Without their values. */
  readonly secrets: readonly JsonValue[];
  /** Configurations of filters that are discovered on their own (ECDS). */
  readonly extensions: readonly JsonValue[];
}

/**
 * All resources of a view as JSON.
 *
 * @example
 * const { listeners } = dump(compiler.compile(snapshot, view).resources);
 */
export function dump(resources: ResourceSet): ResourceDump {
  const list = (typeUrl: string): readonly JsonValue[] =>
    [...(resources.get(typeUrl)?.values() ?? [])].map(dumpResource);
  return {
    listeners: list(LISTENER_TYPE_URL),
    routes: list(ROUTE_CONFIGURATION_TYPE_URL),
    clusters: list(CLUSTER_TYPE_URL),
    endpoints: list(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL),
    secrets: list(SECRET_TYPE_URL),
    extensions: list(EXTENSION_CONFIG_TYPE_URL),
  };
}

/**
 * One resource as JSON; values of secrets are redacted.
 *
 * @throws TypeError for a type that the compiler does not emit
 */
export function dumpResource(resource: XdsResource): JsonValue {
  const typeName = resource.typeUrl.slice(resource.typeUrl.lastIndexOf('/') + 1);
  const schema = emittedTypes.getMessage(typeName);
  if (schema === undefined) throw new TypeError(`Cannot print resource "${resource.name}": unknown type "${typeName}"`);
  const message = fromBinary(schema, resource.bytes);
  if (isMessage(message, SecretSchema)) redactSecret(message);
  return toEnvoyJson(schema, message);
}

/** Any of Envoy's messages as JSON, e.g. the Bootstrap of `@heddle/compiler/bootstrap`. */
export function toEnvoyJson<Schema extends DescMessage>(schema: Schema, message: MessageShape<Schema>): JsonValue {
  return toJson(schema, message, { registry: emittedTypes });
}
