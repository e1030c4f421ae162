import { readdirSync } from 'node:fs';
import { type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import type { Any } from '@bufbuild/protobuf/wkt';
import { supportedEnvoyVersions, unsupportedFields } from '@heddle/envoy-api';
import { registry } from '@heddle/envoy-api/registry';
import { expect, test } from 'vitest';
import { compileFixture, fixturesRoot } from '../fixtures/compile-fixture.ts';

/** The full names of all fields that are set in a message and in what it holds, `Any`s included. */
function setFields(message: ReflectMessage, names: Set<string>): void {
  if (message.desc.typeName === 'google.protobuf.Any') {
    const { typeUrl, value } = message.message as Any;
    const schema = registry.getMessage(typeUrl.slice(typeUrl.lastIndexOf('/') + 1));
    if (schema === undefined) throw new Error(`unknown type "${typeUrl}"`);
    setFields(reflect(schema, fromBinary(schema, value)), names);
    return;
  }
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    names.add(`${message.desc.typeName}.${field.name}`);
    if (field.fieldKind === 'message') setFields(message.get(field), names);
    else if (field.fieldKind === 'list' && field.listKind === 'message') {
      for (const item of message.get(field)) setFields(item as ReflectMessage, names);
    } else if (field.fieldKind === 'map' && field.mapKind === 'message') {
      for (const [, item] of message.get(field)) setFields(item as ReflectMessage, names);
    }
  }
}

const used = new Set<string>();
for (const entry of readdirSync(fixturesRoot, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  for (const [typeUrl, resources] of compileFixture(entry.name).resources) {
    const schema = registry.getMessage(typeUrl.slice(typeUrl.lastIndexOf('/') + 1)) as DescMessage;
    for (const { bytes } of resources.values()) setFields(reflect(schema, fromBinary(schema, bytes) as Message), used);
  }
}

test('compile: the fixtures set fields of every resource type', () => {
  expect(used.size).toBeGreaterThan(100);
  expect(used).toContain('envoy.config.route.v3.RedirectAction.path_redirect');
});

test.each(supportedEnvoyVersions)('compile: sets no field that Envoy %s does not know', (version) => {
  const unknown = unsupportedFields(version);
  expect([...used].filter((name) => unknown.has(name))).toEqual([]);
});
