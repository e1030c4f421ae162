import { create, type Message, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { anyPack, BytesValueSchema, StringValueSchema, StructSchema } from '@bufbuild/protobuf/wkt';
import { WasmSchema } from '@heddle/envoy-api/extensions/filters/http/wasm';
import { expect, test } from 'vitest';
import { wasmSettings } from './wasm-settings.ts';

function settingsWith<Shape extends Message>(schema: GenMessage<Shape>, configuration: Shape) {
  const wasm = create(WasmSchema, {
    config: {
      configuration: anyPack(schema, configuration),
      vm: {
        case: 'vmConfig',
        value: { code: { specifier: { case: 'local', value: { specifier: { case: 'filename', value: '/f.wasm' } } } } },
      },
    },
  });
  const settings = wasmSettings(anyPack(WasmSchema, wasm));
  if ('problem' in settings) throw new Error(settings.problem);
  return new TextDecoder().decode(settings.configuration);
}

test('wasmSettings gives texts and bytes without their wrapper', () => {
  expect(settingsWith(StringValueSchema, create(StringValueSchema, { value: '{"key":1}' }))).toBe('{"key":1}');
  const value = new TextEncoder().encode('raw');
  expect(settingsWith(BytesValueSchema, create(BytesValueSchema, { value }))).toBe('raw');
});

test('wasmSettings gives a Struct as protobuf, which is what Envoy does', () => {
  const struct = create(StructSchema, { fields: { key: { kind: { case: 'stringValue', value: 'secret' } } } });
  expect(settingsWith(StructSchema, struct)).toBe(new TextDecoder().decode(toBinary(StructSchema, struct)));
});
