import path from 'node:path';
import { expect, test } from 'vitest';
import { type BookinfoFolder, routeFiles, serves, translates, validates } from '../support/bookinfo.ts';
import { requireEnvoy } from '../support/require-envoy.ts';

const library: BookinfoFolder = {
  folder: path.join(import.meta.dirname, 'bookinfo-like'),
  path: '/page',
  workload: 'page-v1',
};
const envoyPath = await requireEnvoy();
const files = await routeFiles(library);

test('manifests like bookinfo are valid', async () => {
  expect(files.length).toBe(6);
  expect(await validates(library, 'platform/kube/bookinfo.yaml', 'networking/destination-rule-all.yaml')).not.toContain(
    'HED007',
  );
  await validates(library, 'networking/bookinfo-gateway.yaml', ...files.slice(0, 1));
});

test('their routes compile for the ingress and for sidecars', async () => {
  await translates(library, 'networking/virtual-service-grades-delay.yaml');
  await translates(library, 'networking/egress-rule-outside.yaml');
}, 40_000);

test('heddle dev serves them, whichever routes are applied', async () => {
  await serves(library, [], files);
}, 60_000);

test.skipIf(envoyPath === undefined)(
  'so it does with an Envoy',
  async () => {
    await serves(library, ['--proxy', 'envoy', '--envoy-path', envoyPath ?? ''], files);
  },
  60_000,
);
