import type { RouteAction_HashPolicy } from '@heddle/envoy-api/route';
import { cookieValue, parseQueryParameters } from '@heddle/routing';
import { xxHash64 } from '../cluster/xx-hash.ts';
import type { Exchange } from './exchange.ts';

/** One way to tell requests apart: gives a hash, or undefined when the request does not have what it looks at. */
interface HashMethod {
  readonly terminal: boolean;
  hash(exchange: Exchange): bigint | undefined;
}

/** The `hash_policy` list of a route, ready for use; undefined when it is empty. */
export type HashPolicies = readonly HashMethod[];

/** Reads `RouteAction.hash_policy`; what is not implemented is a problem, and counts as absent. */
export function compileHashPolicies(
  policies: readonly RouteAction_HashPolicy[],
  problems: string[],
): HashPolicies | undefined {
  const methods: HashMethod[] = [];
  for (const policy of policies) {
    const hash = compileMethod(policy, problems);
    if (hash !== undefined) methods.push({ terminal: policy.terminal, hash });
  }
  return methods.length === 0 ? undefined : methods;
}

const MASK = 0xffff_ffff_ffff_ffffn;

/**
 * The hash that chooses a request's endpoint, as Envoy's `HashPolicyImpl` makes it: hashes of several policies are rotated into one
 * another; a terminal one ends the list. A cookie that has to be made is told to {@link Exchange.cookiesToSet}.
 */
export function requestHash(policies: HashPolicies, exchange: Exchange): bigint | undefined {
  let hash: bigint | undefined;
  for (const method of policies) {
    const next = method.hash(exchange);
    if (next !== undefined) {
      const before = hash === undefined ? 0n : ((hash << 1n) & MASK) | (hash >> 63n);
      hash = before ^ next;
    }
    if (method.terminal && hash !== undefined) break;
  }
  return hash;
}

function compileMethod(policy: RouteAction_HashPolicy, problems: string[]): HashMethod['hash'] | undefined {
  const { policySpecifier: specifier } = policy;
  switch (specifier.case) {
    case 'header': {
      if (specifier.value.regexRewrite !== undefined)
        problems.push('hash_policy.header.regex_rewrite is not implemented');
      const name = specifier.value.headerName.toLowerCase();
      return (exchange) => headerHash(exchange.headerValues(name));
    }
    case 'cookie':
      return cookieMethod(specifier.value);
    case 'connectionProperties':
      return specifier.value.sourceIp ? (exchange) => xxHash64(exchange.clientAddress) : undefined;
    case 'queryParameter': {
      const { name } = specifier.value;
      return (exchange) => {
        const value = parseQueryParameters(exchange.path).get(name);
        return value === undefined ? undefined : xxHash64(value);
      };
    }
    default:
      problems.push(`hash_policy.${specifier.case ?? 'without a specifier'} is not implemented`);
      return undefined;
  }
}

/** Repeated headers count in the order of their values, whichever came first. */
function headerHash(values: readonly string[]): bigint | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.length === 1 ? values : [...values].sort();
  return sorted.reduce((seed, value) => xxHash64(value, seed), 0n);
}

function cookieMethod(policy: {
  readonly name: string;
  readonly path: string;
  readonly ttl?: { readonly seconds: bigint } | undefined;
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
}): HashMethod['hash'] {
  const { name, path, ttl, attributes } = policy;
  const age = ttl === undefined || ttl.seconds === 0n ? '' : `; Max-Age=${ttl.seconds}`;
  const where = path === '' ? '' : `; Path=${path}`;
  const others = attributes.map(({ name: key, value }) => (value === '' ? `; ${key}` : `; ${key}=${value}`)).join('');
  return (exchange) => {
    const present = cookieValue(exchange.headerValues('cookie').join(';'), name);
    if (present !== undefined && present !== '') return xxHash64(present);
    if (ttl === undefined) return undefined;
    const { connection, clientAddress } = exchange;
    const remote = withPort(clientAddress, connection.remotePort);
    const local = withPort(connection.localAddress, connection.localPort);
    const made = xxHash64(`${remote}${local}`).toString(16).padStart(16, '0');
    exchange.cookiesToSet ??= [];
    exchange.cookiesToSet.push(`${name}="${made}"${age}${where}${others}; HttpOnly`);
    return xxHash64(made);
  };
}

function withPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
