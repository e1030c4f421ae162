import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { RouteAction_HashPolicySchema } from '@heddle/envoy-api/route';
import { describe, expect, test } from 'vitest';
import { xxHash64 } from '../cluster/xx-hash.ts';
import type { Exchange } from './exchange.ts';
import { compileHashPolicies, type HashPolicies, requestHash } from './hash-policy.ts';

type Policy = MessageInitShape<typeof RouteAction_HashPolicySchema>;

const header = (headerName: string, terminal = false): Policy => ({
  terminal,
  policySpecifier: { case: 'header', value: { headerName } },
});

function hashOf(policies: readonly Policy[], headers: readonly string[]): { hash?: bigint; cookies?: string[] } {
  const problems: string[] = [];
  const compiled = compileHashPolicies(
    policies.map((policy) => create(RouteAction_HashPolicySchema, policy)),
    problems,
  );
  expect(problems).toEqual([]);
  const exchange = {
    path: '/?a=1',
    clientAddress: '10.0.0.9',
    connection: { remotePort: 5, localAddress: '10.0.0.1', localPort: 80 },
    headerValues: (name: string) => headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === name),
  } as unknown as Exchange;
  const hash = requestHash(compiled as HashPolicies, exchange);
  return {
    ...(hash === undefined ? {} : { hash }),
    ...(exchange.cookiesToSet === undefined ? {} : { cookies: exchange.cookiesToSet }),
  };
}

describe('requestHash', () => {
  const [a, b] = [xxHash64('a'), xxHash64('b')];
  const rotated = ((a << 1n) & 0xffff_ffff_ffff_ffffn) | (a >> 63n);

  test.each<[string, readonly Policy[], readonly string[], bigint | undefined]>([
    ['one policy', [header('x')], ['x', 'a'], a],
    ['what is absent', [header('x')], [], undefined],
    ['several', [header('x'), header('y')], ['x', 'a', 'y', 'b'], rotated ^ b],
    ['the first of several is absent', [header('x'), header('y')], ['y', 'b'], b],
    ['a terminal one ends the list', [header('x', true), header('y')], ['x', 'a', 'y', 'b'], a],
    ['a terminal one that finds nothing does not', [header('x', true), header('y')], ['y', 'b'], b],
    [
      'the client',
      [{ policySpecifier: { case: 'connectionProperties', value: { sourceIp: true } } }],
      [],
      xxHash64('10.0.0.9'),
    ],
    ['a query parameter', [{ policySpecifier: { case: 'queryParameter', value: { name: 'a' } } }], [], xxHash64('1')],
  ])('%s', (_, policies, headers, wanted) => {
    expect(hashOf(policies, headers).hash).toBe(wanted);
  });

  test('a missing cookie is made of the addresses of the connection, and told', () => {
    const value = xxHash64('10.0.0.9:510.0.0.1:80').toString(16).padStart(16, '0');
    const ttl = { seconds: 60n, nanos: 0 };
    const cookie = {
      name: 'user',
      path: '/p',
      ttl,
      attributes: [{ name: 'Secure' }, { name: 'SameSite', value: 'Lax' }],
    };
    expect(hashOf([{ policySpecifier: { case: 'cookie', value: cookie } }], [])).toEqual({
      hash: xxHash64(value),
      cookies: [`user="${value}"; Max-Age=60; Path=/p; Secure; SameSite=Lax; HttpOnly`],
    });
    expect(hashOf([{ policySpecifier: { case: 'cookie', value: cookie } }], ['cookie', 'user=me'])).toEqual({
      hash: xxHash64('me'),
    });
    expect(hashOf([{ policySpecifier: { case: 'cookie', value: { name: 'user' } } }], [])).toEqual({});
  });

  test('what is not implemented is said', () => {
    const problems: string[] = [];
    const policy = create(RouteAction_HashPolicySchema, {
      policySpecifier: { case: 'filterState', value: { key: 'k' } },
    });
    expect(compileHashPolicies([policy], problems)).toBeUndefined();
    expect(problems).toEqual(['hash_policy.filterState is not implemented']);
  });
});
