import { formatDiagnostic } from '@heddle/model';
import { expect, test } from 'vitest';
import { readDocuments } from './documents.ts';

const configMap = (mesh: string, namespace = 'istio-system'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: istio, namespace: ${namespace} }\ndata:\n  meshNetworks: 'networks: {}'\n  mesh: |-\n${mesh
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${line}`))
    .join('\n')}\n`;

test('readDocuments: the ConfigMap istio is the MeshConfig under its key mesh', () => {
  const { objects } = readDocuments(configMap('rootNamespace: roots\nconnectTimeout: 3s'), { file: 'mesh.yaml' });
  expect(objects.map(({ object }) => object)).toEqual([
    {
      apiVersion: 'mesh.istio.io/v1alpha1',
      kind: 'MeshConfig',
      metadata: { name: 'istio' },
      spec: { rootNamespace: 'roots', connectTimeout: '3s' },
    },
  ]);
});

test('readDocuments: what is wrong inside the ConfigMap has its own place', () => {
  const text = configMap('rootNamespace: roots\n\npathNormalization:\n  normalization: SOME\nconnectTimeuot: 3s');
  const found = readDocuments(text, { file: 'mesh.yaml' }).objects.flatMap(({ diagnostics }) => diagnostics);
  const lines = text.split('\n');
  expect(
    found.map(({ path, range }) => [
      path.join('.'),
      lines[(range?.start.line ?? 0) - 1]?.slice((range?.start.column ?? 0) - 1, (range?.end.column ?? 0) - 1),
    ]),
  ).toEqual([
    ['spec.pathNormalization.normalization', 'SOME'],
    ['spec.connectTimeuot', 'connectTimeuot'],
  ]);
});

test('readDocuments: broken YAML inside the ConfigMap is reported where the text begins', () => {
  const [found] = readDocuments(configMap('a: [1'), { file: 'mesh.yaml' }).objects.flatMap((one) => one.diagnostics);
  expect(found).toMatchObject({ code: 'HED104', severity: 'error', range: { start: { line: 6, column: 3 } } });
});

test('readDocuments: a ConfigMap istio of another namespace is nothing to a mesh', () => {
  const { objects } = readDocuments(configMap('rootNamespace: roots', 'shop'), { file: 'mesh.yaml' });
  expect(objects.map(({ outcome }) => outcome)).toEqual(['left-out']);
});

test.each([
  ['bare', 'rootNamespace: roots\nconnectTimeout: 3x\n', 2],
  [
    'object',
    'apiVersion: mesh.istio.io/v1alpha1\nkind: MeshConfig\nmetadata: { name: istio }\nspec:\n  connectTimeout: 3x\n',
    5,
  ],
  ['ConfigMap', configMap('connectTimeout: 3x'), 7],
])('readDocuments: a file of settings may be written as %s', (_form, text, line) => {
  const { objects } = readDocuments(text, { file: 'mesh.yaml', content: 'mesh-config' });
  const found = objects.flatMap(({ diagnostics }) => diagnostics);
  expect(found.map(formatDiagnostic)).toEqual([
    expect.stringMatching(`mesh.yaml:${line}:\\d+: error: MeshConfig istio at spec.connectTimeout: .*3x`),
  ]);
});

test('readDocuments: an empty file of settings is a MeshConfig of defaults or nothing', () => {
  const { objects } = readDocuments('# nothing yet\n', { file: 'mesh.yaml', content: 'mesh-config' });
  expect(objects.every(({ outcome }) => outcome === 'used')).toBe(true);
});
