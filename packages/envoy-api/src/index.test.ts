import { create, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { ClusterSchema } from './cluster.ts';
import { TypedExtensionConfigSchema } from './core.ts';
import { ClusterLoadAssignmentSchema } from './endpoint.ts';
import { RouterSchema } from './extensions/filters/http/router.ts';
import { FailurePolicy, PluginConfigSchema } from './extensions/wasm.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  loadRegistry,
  overlaidNames,
  RESOURCE_TYPE_URLS,
  ROUTE_CONFIGURATION_TYPE_URL,
  SCOPED_ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
  typeUrlOf,
  VIRTUAL_HOST_TYPE_URL,
} from './index.ts';
import { ListenerSchema } from './listener.ts';
import {
  RouteConfigurationSchema,
  RouteMatchSchema,
  ScopedRouteConfigurationSchema,
  VirtualHostSchema,
} from './route.ts';
import { SecretSchema } from './tls.ts';

describe('type URLs', () => {
  const cases = [
    [CLUSTER_TYPE_URL, ClusterSchema],
    [CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, ClusterLoadAssignmentSchema],
    [SECRET_TYPE_URL, SecretSchema],
    [EXTENSION_CONFIG_TYPE_URL, TypedExtensionConfigSchema],
    [LISTENER_TYPE_URL, ListenerSchema],
    [SCOPED_ROUTE_CONFIGURATION_TYPE_URL, ScopedRouteConfigurationSchema],
    [ROUTE_CONFIGURATION_TYPE_URL, RouteConfigurationSchema],
    [VIRTUAL_HOST_TYPE_URL, VirtualHostSchema],
  ] as const;

  test.each(cases)('%s is that of its message', (url, schema) => {
    expect(typeUrlOf(schema)).toBe(url);
    expect(anyPack(schema, create(schema)).typeUrl).toBe(url);
  });

  test('RESOURCE_TYPE_URLS has each of them once', () => {
    expect([...RESOURCE_TYPE_URLS].sort()).toEqual(cases.map(([url]) => url).sort());
  });
});

describe('overlay', () => {
  test('adds fields that survive the wire and print under their proto names', () => {
    const plugin = create(PluginConfigSchema, { name: 'auth', failurePolicy: FailurePolicy.FAIL_RELOAD });
    const copy = fromBinary(PluginConfigSchema, toBinary(PluginConfigSchema, plugin));
    expect(toJson(PluginConfigSchema, copy, { useProtoFieldName: true })).toEqual({
      name: 'auth',
      failure_policy: 'FAIL_RELOAD',
    });
  });

  test('adds messages, and fields to a oneof', () => {
    const match = fromJson(RouteMatchSchema, {
      prefix: '/',
      cookies: [{ name: 'session', string_match: { exact: 'a' } }],
    });
    expect(match.cookies[0]?.stringMatch?.matchPattern).toEqual({ case: 'exact', value: 'a' });
    expect(() => fromJson(PluginConfigSchema, { failOpen: true, unknown: 1 })).toThrow('unknown');
  });

  test('overlaidNames lists what was added, sorted', () => {
    expect(overlaidNames).toContain('envoy.extensions.wasm.v3.PluginConfig.failure_policy');
    expect(overlaidNames).not.toContain('envoy.extensions.wasm.v3.PluginConfig.name');
    expect([...overlaidNames].sort()).toEqual(overlaidNames);
  });
});

describe('loadRegistry', () => {
  test('prints an Any inside an Any-carrying message, well-known types too', async () => {
    const registry = await loadRegistry();
    const extension = create(TypedExtensionConfigSchema, {
      name: 'envoy.filters.http.router',
      typedConfig: anyPack(RouterSchema, create(RouterSchema, { suppressEnvoyHeaders: true })),
    });
    const json = toJson(TypedExtensionConfigSchema, extension, { registry, useProtoFieldName: true });
    expect(json).toEqual({
      name: 'envoy.filters.http.router',
      typed_config: { '@type': typeUrlOf(RouterSchema), suppress_envoy_headers: true },
    });
    expect(fromJson(TypedExtensionConfigSchema, json, { registry })).toEqual(extension);
    expect(registry.getMessage('google.protobuf.StringValue')).toBeDefined();
  });
});
