import type { SentResource } from '@heddle/discovery';
import { CLUSTER_TYPE_URL, SECRET_TYPE_URL } from '@heddle/envoy-api';
import { xdsResource } from '@heddle/model';
import { expect, test } from 'vitest';
import { configDumpJson } from './config-dump.ts';

const sent = (typeUrl: string, name: string, text: string): SentResource => ({
  name,
  version: 'v1',
  state: 'acknowledged',
  resource: xdsResource(typeUrl, name, new TextEncoder().encode(text)),
});

test('configDumpJson: shows of secrets that they are there, and never what is in them', async () => {
  const dump = await configDumpJson(
    new Map([[SECRET_TYPE_URL, [sent(SECRET_TYPE_URL, 'kubernetes://shop-cert', 'PRIVATE KEY')]]]),
  );
  expect(dump['configs']).toContainEqual({
    '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
    dynamicActiveSecrets: [{ name: 'kubernetes://shop-cert', versionInfo: 'v1', clientStatus: 'ACKED' }],
  });
  expect(JSON.stringify(dump)).not.toContain('PRIVATE');
});

test('configDumpJson: of what a client only stated to have it shows the name', async () => {
  const stated: SentResource = { name: 'a', version: 'v0', state: 'acknowledged' };
  const { configs } = await configDumpJson(new Map([[CLUSTER_TYPE_URL, [stated]]]));
  expect(configs).toContainEqual({
    '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
    dynamicActiveClusters: [{ versionInfo: 'v0', clientStatus: 'ACKED', cluster: { name: 'a' } }],
  });
});
