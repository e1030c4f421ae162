import { MeshSnapshot } from '@heddle/model';
import { describe, expect, test } from 'vitest';
import { ISTIO_ACCESS_LOG_JSON } from './listeners/access-log.ts';
import type { MeshConfig } from './mesh-objects.ts';
import { meshConfigSettings, settingsOf } from './mesh-settings.ts';
import { defaultMeshSettings } from './settings.ts';

function meshConfig(spec: MeshConfig['spec']): MeshConfig {
  return { apiVersion: 'mesh.istio.io/v1alpha1', kind: 'MeshConfig', metadata: { name: 'istio' }, spec };
}

describe('meshConfigSettings', () => {
  test.each([
    [{}, {}],
    [{ connectTimeout: '1.5s' }, { connectTimeoutMs: 1500 }],
    [{ rootNamespace: 'roots' }, { rootNamespace: 'roots' }],
    [{ outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } }, { outboundTrafficPolicy: 'REGISTRY_ONLY' }],
    [{ outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }, { outboundTrafficPolicy: 'ALLOW_ANY' }],
    [{ outboundTrafficPolicy: {} }, { outboundTrafficPolicy: 'REGISTRY_ONLY' }],
    [{ accessLogFormat: 'x' }, {}],
    [{ accessLogFile: '/dev/stdout' }, { accessLog: { path: '/dev/stdout' } }],
    [{ accessLogFile: '/l', accessLogFormat: 'x' }, { accessLog: { path: '/l', format: 'x\n' } }],
    [{ accessLogFile: '/l', accessLogFormat: 'x\n' }, { accessLog: { path: '/l', format: 'x\n' } }],
    [{ accessLogFile: '/l', accessLogEncoding: 'JSON' }, { accessLog: { path: '/l', format: ISTIO_ACCESS_LOG_JSON } }],
    [
      { accessLogFile: '/l', accessLogEncoding: 'JSON', accessLogFormat: '{"a":"b"}' },
      { accessLog: { path: '/l', format: { a: 'b' } } },
    ],
    [{ defaultServiceExportTo: ['.', '*'] }, { defaultServiceExportTo: '.' }],
    [{ defaultServiceExportTo: ['shop'] }, { defaultServiceExportTo: '~' }],
    [{ defaultServiceExportTo: [] }, {}],
  ] as const)('of %j are %j', (spec, wanted) => {
    expect(meshConfigSettings(meshConfig(spec as MeshConfig['spec']))).toEqual(wanted);
  });
});

describe('settingsOf', () => {
  const snapshot = MeshSnapshot.of([{ object: meshConfig({ rootNamespace: 'written', connectTimeout: '1s' }) }]);

  test('takes overrides before the MeshConfig, and that before the base and the defaults', () => {
    const settings = settingsOf(
      { rootNamespace: 'base', serverName: 'base' },
      { connectTimeoutMs: 7 },
      { cache: true },
    );
    expect(settings(snapshot)).toEqual({
      ...defaultMeshSettings,
      rootNamespace: 'written',
      serverName: 'base',
      connectTimeoutMs: 7,
    });
    expect(settings(MeshSnapshot.empty)).toMatchObject({ rootNamespace: 'base', connectTimeoutMs: 7 });
  });

  test('gives the same object for the same MeshConfig', () => {
    const settings = settingsOf(undefined, undefined, { cache: true });
    const next = MeshSnapshot.of([{ object: meshConfig({ rootNamespace: 'written', connectTimeout: '1s' }) }], {
      previous: snapshot,
    });
    expect(settings(next)).toBe(settings(snapshot));
  });
});
