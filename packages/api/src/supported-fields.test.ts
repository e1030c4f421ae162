import { describe, expect, test } from 'vitest';
import { type KindName, kinds } from './kinds.ts';
import { declaredFields, supportedFields } from './supported-fields.ts';

describe('supportedFields', () => {
  test('lists leaf paths of what is obeyed', () => {
    const fields = supportedFields('VirtualService');
    expect(fields).toContain('VirtualService.spec.http[].match[].uri.prefix');
    expect(fields).toContain('VirtualService.spec.http[].match[].headers{}.exact');
    expect(fields).toContain('VirtualService.spec.http[].redirect.prefixRewrite');
    expect(fields).not.toContain('VirtualService.spec.http[].fault.abort.http2Error');
    expect(supportedFields('Gateway')).not.toContain('Gateway.spec.servers[].tls.caCrl');
    expect(supportedFields('Pod')).toContain('Pod.metadata.labels{}');
  });

  test('leaves out what stands inside parts that are not obeyed', () => {
    const within = 'spec.trafficPolicy.loadBalancer.localityLbSetting.';
    const fields = declaredFields('DestinationRule').filter(({ path }) => path.startsWith(within));
    expect(fields.map(({ support }) => support)).toEqual(Array(fields.length).fill('pending'));
    expect(fields.length).toBeGreaterThan(2);
  });

  test('lists each field once', () => {
    for (const kind of Object.keys(kinds) as KindName[]) {
      const paths = declaredFields(kind).map(({ path }) => path);
      expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([]);
    }
  });
});
