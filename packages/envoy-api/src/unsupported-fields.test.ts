import { describe, expect, test } from 'vitest';
import { registry } from './registry.ts';
import { supportedEnvoyVersions, unsupportedFields } from './unsupported-fields.ts';

describe('unsupportedFields', () => {
  test.each([
    ['1.36', 'envoy.config.route.v3.RouteMatch.cookies', true],
    ['1.36.4', 'envoy.config.route.v3.RouteMatch.cookies', true],
    ['1.40.0', 'envoy.config.route.v3.RouteMatch.cookies', false],
    ['1.36.4', 'envoy.config.accesslog.v3.ComparisonFilter.Op.NE', true],
    ['1.39', 'envoy.type.tracing.v3.CustomTag.ValueType', true],
    ['1.40', 'envoy.type.tracing.v3.CustomTag.ValueType', false],
    ['1.40', 'envoy.config.listener.v3.FilterChain.on_demand_configuration', true],
    ['1.36', 'envoy.config.route.v3.RouteConfiguration.vhds', false],
    // Older than the oldest and newer than the newest: the nearest that is known.
    ['1.20.0', 'envoy.config.route.v3.RouteMatch.cookies', true],
    ['1.99.0', 'envoy.config.route.v3.RouteMatch.cookies', false],
    ['2.0.0', 'envoy.config.route.v3.RouteMatch.cookies', false],
  ])('of %s: %s is %s', (version, name, expected) => {
    expect(unsupportedFields(version).has(name)).toBe(expected);
  });

  test.each(['', 'v1.40', '1', '1.x', '1.40-dev'])('refuses "%s"', (version) => {
    expect(() => unsupportedFields(version)).toThrow(`Cannot look up Envoy version "${version}"`);
  });

  test('names only what is generated', () => {
    const known = new Set<string>();
    for (const type of registry) {
      known.add(type.typeName);
      if (type.kind === 'message') for (const field of type.fields) known.add(`${type.typeName}.${field.name}`);
      if (type.kind === 'enum') for (const value of type.values) known.add(`${type.typeName}.${value.name}`);
    }
    const named = supportedEnvoyVersions.flatMap((version) => [...unsupportedFields(version)]);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});
