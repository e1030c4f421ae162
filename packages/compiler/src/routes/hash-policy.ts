import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteAction_HashPolicySchema } from '@heddle/envoy-api/route';
import { milliseconds } from '../clusters/connection-pool.ts';
import type { LoadBalancer } from '../clusters/load-balancing.ts';
import type { Backend } from '../destination-rules.ts';
import { duration } from '../duration.ts';
import { policyFor } from '../traffic-policy.ts';

type HashPolicy = MessageInitShape<typeof RouteAction_HashPolicySchema>;

/** By what requests to a destination are told apart where its endpoints are chosen by consistent hashing; none elsewhere. */
export function hashPoliciesFor(backend: Backend | undefined, port: number, subset: string): HashPolicy[] {
  if (backend === undefined) return [];
  const hash = policyFor(backend, port, subset).loadBalancer?.value.consistentHash;
  const policy = hash === undefined ? undefined : hashPolicy(hash);
  return policy === undefined ? [] : [policy];
}

/** Whether endpoints are chosen by hash: then a retry stays with the one that the hash has chosen. */
export function choosesByHash(backend: Backend | undefined, port: number, subset: string): boolean {
  return backend !== undefined && policyFor(backend, port, subset).loadBalancer?.value.consistentHash !== undefined;
}

/** Istio's `ConsistentHashToHashPolicy`; a hash without a key leaves the choice to chance. */
function hashPolicy(hash: NonNullable<LoadBalancer['consistentHash']>): HashPolicy | undefined {
  const { httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName } = hash;
  if (httpHeaderName !== undefined) {
    return { policySpecifier: { case: 'header', value: { headerName: httpHeaderName } } };
  }
  if (httpCookie !== undefined) {
    const { name, path, ttl, attributes } = httpCookie;
    const ttlMs = milliseconds(ttl);
    return {
      policySpecifier: {
        case: 'cookie',
        value: {
          name,
          ...(path === undefined ? {} : { path }),
          ...(ttlMs === undefined ? {} : { ttl: duration(ttlMs) }),
          attributes: (attributes ?? []).map((attribute) => ({ name: attribute.name, value: attribute.value ?? '' })),
        },
      },
    };
  }
  if (useSourceIp !== undefined) {
    return { policySpecifier: { case: 'connectionProperties', value: { sourceIp: useSourceIp } } };
  }
  if (httpQueryParameterName !== undefined) {
    return { policySpecifier: { case: 'queryParameter', value: { name: httpQueryParameterName } } };
  }
  return undefined;
}
