import { expect, test } from 'vitest';
import { codeFrame } from './code-frame.ts';
import { readDocuments } from './documents.ts';
import { withoutSecretValues } from './hidden-lines.ts';

const yaml = `apiVersion: v1
kind: Secret
metadata:
  name: shop
data:
  password: aHVudGVyMg==
  tls.key: "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t"
  flow: {a: aHVudGVyMg==}
stringData:
  text: |
    hunter2
---
kind: Gateway
apiVersion: networking.istio.io/v1
metadata: {name: shop}
`;

function shown(text: string): string {
  const lines = text.split('\n').map((line, index) => ({ number: index + 1, text: line }));
  return withoutSecretValues(text, lines)
    .map((line) => line.text)
    .join('\n');
}

test('withoutSecretValues: a Secret keeps its keys, other objects everything', () => {
  expect(shown(yaml)).toBe(`apiVersion: v1
kind: Secret
metadata:
  name: shop
data:
  password: [redacted]
  tls.key: [redacted]
  flow: [redacted]
stringData:
  text: [redacted]
    [redacted]
---
kind: Gateway
apiVersion: networking.istio.io/v1
metadata: {name: shop}
`);
});

test('withoutSecretValues: JSON, Lists and key material outside of Secrets', () => {
  const json = '{ "kind": "Secret",\n  "data": { "a": "aHVudGVyMg==" },\n  "stringData": {"b":\n "hunter2" } }';
  const list = 'kind: List\nitems:\n  - kind: Secret\n    data:\n      a: aHVudGVyMg==\n';
  const elsewhere = `kind: ConfigMap\ndata:\n  key: ${'QUJD'.repeat(20)}\n  pem: -----BEGIN PRIVATE KEY-----\n`;
  for (const text of [json, list, elsewhere]) {
    expect(shown(text)).not.toMatch(/aHVud|hunter2|QUJD|BEGIN/);
    expect(shown(text)).toContain('[redacted]');
  }
});

test('codeFrame: a diagnostic about a Secret, or about what follows one, shows no value', () => {
  const broken = yaml.replace('aHVudGVyMg==\n', 'hunter2!\n').replace('kind: Gateway', 'knd: Gateway');
  const { objects, diagnostics } = readDocuments(broken, { file: 'a.yaml' });
  const all = [...diagnostics, ...objects.flatMap((read) => read.diagnostics)];
  const frames = all.map((found) => codeFrame(found, { text: broken, linesBefore: 9 })).join('\n');
  expect(all.length).toBeGreaterThan(1);
  expect(frames).toContain('password: [redacted]');
  expect(frames).not.toMatch(/aHVud|hunter2|LS0tLS1/);
});
