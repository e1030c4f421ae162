import { expect, test } from 'vitest';
import { moduleUrl, parseModuleUrl } from './module-url.ts';

const file = (path: string, absolute = false) => ({ scheme: 'file', path, absolute });

test.each<[string, ReturnType<typeof parseModuleUrl>]>([
  ['file:///opt/a.wasm', file('/opt/a.wasm', true) as never],
  ['file:/opt/a.wasm', file('/opt/a.wasm', true) as never],
  ['./a.wasm', file('./a.wasm') as never],
  ['../filters/auth', file('../filters/auth') as never],
  ['file:./a.wasm', file('./a.wasm') as never],
  ['oci://registry.example/a:v1', { scheme: 'oci' }],
  ['OCI://registry.example/a', { scheme: 'oci' }],
  // Without a scheme Istio reads an image; the number behind a colon is a port.
  ['registry.example/a:v1', { scheme: 'oci' }],
  ['registry.example:5000/a', { scheme: 'oci' }],
  ['a.wasm', { scheme: 'oci' }],
  ['http://example.com/a.wasm', { scheme: 'http' }],
  ['https://example.com/a.wasm', { scheme: 'https' }],
  ['', undefined],
  ['file://a.wasm', undefined],
  ['file:', undefined],
  ['file:///', undefined],
  ['http:///a.wasm', undefined],
  ['ftp://example.com/a.wasm', undefined],
  ['javascript:alert(1)', undefined],
])('parseModuleUrl %s', (url, expected) => {
  expect(parseModuleUrl(url)).toEqual(expected);
});

test('moduleUrl: what is fetched from elsewhere comes later, and it is said', () => {
  expect(moduleUrl.notApplied?.('oci://registry.example/a')).toContain('over oci comes later');
  expect(moduleUrl.notApplied?.('file:///opt/a.wasm')).toBeUndefined();
});
