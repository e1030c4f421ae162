import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { ObjectOf } from '../kinds.ts';
import { parseObject } from '../parse-object.ts';
import { SecretValue } from '../secret-value.ts';

const secretText = 'correct horse battery staple';
const inBase64 = Buffer.from(secretText).toString('base64');

function secretWith(fields: Readonly<Record<string, unknown>>): unknown {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, ...fields };
}

describe('Secret', () => {
  test('has its fields at the root, and its values in bytes', () => {
    const { object, problems } = parseObject(
      secretWith({ data: { 'tls.key': inBase64 }, stringData: { plain: secretText }, type: 'Opaque' }),
    );
    expect(problems).toEqual([]);
    const { spec } = object as ObjectOf<'Secret'>;
    expect(new TextDecoder().decode(spec.data?.['tls.key']?.reveal())).toBe(secretText);
    expect(new TextDecoder().decode(spec.stringData?.['plain']?.reveal())).toBe(secretText);
  });

  test('reads base64 that is broken into lines', () => {
    const { object } = parseObject(secretWith({ data: { a: `${inBase64.slice(0, 8)}\n${inBase64.slice(8)}\n` } }));
    expect((object as ObjectOf<'Secret'>).spec.data?.['a']?.length).toBe(secretText.length);
  });

  test('prints as redacted, however it is printed', () => {
    const { object } = parseObject(secretWith({ data: { a: inBase64 }, stringData: { b: secretText } }));
    const printed = [
      JSON.stringify(object),
      inspect(object, { depth: 9, showHidden: true }),
      String((object as ObjectOf<'Secret'>).spec.data?.['a']),
    ].join('\n');
    expect(printed).toContain('[redacted]');
    expect(printed).not.toContain(secretText);
    expect(printed).not.toContain(inBase64);
  });

  test.each([
    [{ data: { a: `${secretText}!` } }, ['data', 'a'], 'found text that is not base64, wanted base64'],
    [{ data: { a: 'abc' } }, ['data', 'a'], 'found text that is not base64, wanted base64'],
    [{ data: { a: 4711 } }, ['data', 'a'], 'found no string, wanted a string'],
    [{ data: secretText }, ['data'], 'found no mapping, wanted a mapping'],
    [{ stringData: secretText }, ['stringData'], 'found no mapping, wanted a mapping'],
    [{ data: { 'a b': inBase64 } }, ['data', 'a b'], 'found the key "a b", wanted a key of at most 253'],
    [{ dta: { a: inBase64 } }, ['dta'], 'unknown field "dta"; did you mean "data"?'],
    [{ spec: {} }, ['spec'], 'unknown field "spec"'],
  ])('refuses %j without telling what it holds', (fields, path, message) => {
    const { object, problems } = parseObject(secretWith(fields));
    expect(object).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]?.path).toEqual(path);
    expect(problems[0]?.message).toContain(message);
    expect(JSON.stringify(problems)).not.toContain(secretText);
    expect(JSON.stringify(problems)).not.toContain(inBase64);
  });
});

test('SecretValue: what it gives is a copy, and it knows its equals', () => {
  const value = new SecretValue(Uint8Array.of(1, 2));
  value.reveal()[0] = 9;
  expect(value.reveal()).toEqual(Uint8Array.of(1, 2));
  expect(value.equals(new SecretValue(Uint8Array.of(1, 2)))).toBe(true);
  expect(value.equals(new SecretValue(Uint8Array.of(1, 3)))).toBe(false);
  expect(value.equals(new SecretValue(Uint8Array.of(1)))).toBe(false);
});
