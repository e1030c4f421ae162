import { describe, expect, test } from 'vitest';
import type { AddressFamily, ResolveResult } from '../cluster/host-resolver.ts';
import { dnsResolver } from './dns-resolver.ts';

const four = (address: string) => ({ address, family: 4 });
const six = (address: string) => ({ address, family: 6 });
const both = [six('2001:db8::1'), four('192.0.2.2'), four('192.0.2.1')];

/** What a listener hears while the answers of a name are these, one after the other. */
async function heard(
  answers: readonly (typeof both | Error)[],
  family: AddressFamily,
  firstOnly: boolean,
): Promise<readonly ResolveResult[]> {
  const results: ResolveResult[] = [];
  const left = [...answers];
  let stop = (): void => {};
  await new Promise<void>((resolve) => {
    const resolver = dnsResolver(() => {
      const next = left.shift();
      if (next === undefined) {
        resolve();
        return new Promise(() => {});
      }
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    });
    stop = resolver.watch('a.test', { family, firstOnly, refreshMs: 1 }, (result) => results.push(result));
  });
  stop();
  return results;
}

describe('dnsResolver', () => {
  test.each<[AddressFamily, readonly string[]]>([
    ['v4', ['192.0.2.2', '192.0.2.1']],
    ['v6', ['2001:db8::1']],
    ['v4-preferred', ['192.0.2.2', '192.0.2.1']],
    ['v6-preferred', ['2001:db8::1']],
    ['all', ['2001:db8::1', '192.0.2.2', '192.0.2.1']],
  ])('family %s', async (family, addresses) => {
    expect(await heard([both], family, false)).toEqual([{ addresses }]);
  });

  test.each<[AddressFamily, typeof both, readonly string[]]>([
    ['v4-preferred', [six('2001:db8::1')], ['2001:db8::1']],
    ['v6-preferred', [four('192.0.2.1')], ['192.0.2.1']],
  ])('family %s takes the other where there is none of it', async (family, answer, addresses) => {
    expect(await heard([answer], family, false)).toEqual([{ addresses }]);
  });

  test('a family without addresses is a problem', async () => {
    expect(await heard([[six('2001:db8::1')]], 'v4', false)).toEqual([{ problem: 'no address' }]);
  });

  test('another order is no change, unless only the first address counts', async () => {
    const turned = [four('192.0.2.1'), four('192.0.2.2')];
    const answers = [both, turned, both];
    expect(await heard(answers, 'v4', false)).toEqual([{ addresses: ['192.0.2.2', '192.0.2.1'] }]);
    expect(await heard(answers, 'v4', true)).toEqual([
      { addresses: ['192.0.2.2'] },
      { addresses: ['192.0.2.1'] },
      { addresses: ['192.0.2.2'] },
    ]);
  });

  test('what fails is reported once and tried again', async () => {
    const failure = new Error('ENOTFOUND');
    expect(await heard([failure, failure, [four('192.0.2.1')]], 'all', false)).toEqual([
      { problem: 'ENOTFOUND' },
      { addresses: ['192.0.2.1'] },
    ]);
  });
});
