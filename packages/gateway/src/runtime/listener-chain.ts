import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { TransportSocket } from '@heddle/envoy-api/core';
import { type Router, RouterSchema } from '@heddle/envoy-api/extensions/filters/http/router';
import { TcpProxySchema } from '@heddle/envoy-api/extensions/filters/network/tcp-proxy';
import { type HttpConnectionManager, HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import type { FilterChain, Listener } from '@heddle/envoy-api/listener';
import { BLACK_HOLE_CLUSTER } from '@heddle/model';
import { discoveredFilter, type FilterFactory, filterFactory } from '../http/filters/known-filters.ts';

/** What of an Envoy listener the gateway serves: one address, and chains that connections are told apart by. */
export interface ListenerLayout {
  readonly host: string;
  readonly port: number;
  readonly trafficDirection: number;
  readonly chains: readonly ListenerChain[];
}

/** One filter chain. */
export interface ListenerChain {
  /** Names that clients ask for in TLS, lower case, `*.` before those that stand for subdomains; empty for all connections. */
  readonly serverNames: readonly string[];
  /** Takes what no other chain does. */
  readonly isDefault: boolean;
  readonly transportSocket: TransportSocket | undefined;
  /** Undefined for a chain that closes its connections at once. */
  readonly http: HttpChain | undefined;
}

/** A connection manager with its filters. */
export interface HttpChain {
  readonly manager: HttpConnectionManager;
  readonly router: Router | undefined;
  /** The filters before the router, in order. */
  readonly filters: readonly ConfiguredFilter[];
  readonly bufferLimitBytes: number;
}

/** An HTTP filter that the gateway knows. */
export interface ConfiguredFilter {
  readonly create: FilterFactory;
  readonly config: Any | undefined;
}

const routerFilter = 'envoy.filters.http.router';
const defaultBufferLimitBytes = 1024 * 1024;

/**
 * Reads a listener. A listener that cannot be served whole is not served: half of its filters would let through what the others
 * should stop. The reasons are then in `problems` and the result is undefined.
 */
export function listenerLayout(listener: Listener, problems: string[]): ListenerLayout | undefined {
  const address = listener.address?.address;
  if (address?.case !== 'socketAddress' || address.value.portSpecifier.case !== 'portValue') {
    problems.push(`address is "${address?.case ?? 'none'}", wanted socket_address with port_value`);
    return undefined;
  }
  if (listener.bindToPort === false) {
    problems.push('bind_to_port is false: the gateway serves only what it can bind');
    return undefined;
  }
  if (listener.useOriginalDst === true) {
    problems.push('use_original_dst is not implemented: the gateway does not capture traffic');
    return undefined;
  }
  for (const { name } of listener.listenerFilters) {
    // HTTP/1.1 and HTTP/2 are told apart by the connection manager itself, and TLS by its first bytes where a chain asks for it.
    if (!INSPECTORS.has(name)) {
      problems.push(`listener filter "${name}" is not implemented`);
      return undefined;
    }
  }
  const bufferLimitBytes = listener.perConnectionBufferLimitBytes ?? defaultBufferLimitBytes;
  const { defaultFilterChain } = listener;
  const all = defaultFilterChain === undefined ? listener.filterChains : [...listener.filterChains, defaultFilterChain];
  if (all.length === 0) problems.push('has no filter chain');
  const chains = all.flatMap(
    (chain) => readChain(chain, chain === defaultFilterChain, bufferLimitBytes, problems) ?? [],
  );
  if (all.length === 0 || chains.length < all.length) return undefined;
  return {
    host: address.value.address,
    port: address.value.portSpecifier.value,
    trafficDirection: listener.trafficDirection,
    chains,
  };
}

const INSPECTORS: ReadonlySet<string> = new Set([
  'envoy.filters.listener.http_inspector',
  'envoy.filters.listener.tls_inspector',
]);

function readChain(
  chain: FilterChain,
  isDefault: boolean,
  bufferLimitBytes: number,
  problems: string[],
): ListenerChain | undefined {
  const { serverNames = [], ...conditions } = chain.filterChainMatch ?? {};
  const asked = Object.entries(conditions).filter(([, value]) => isAsked(value));
  const unknown = asked.map(([name]) => name).filter((name) => !name.startsWith('$'));
  if (unknown.length > 0) {
    problems.push(`a filter chain match by ${unknown.join(', ')} is not implemented`);
    return undefined;
  }
  const match = {
    serverNames: serverNames.map((name) => name.toLowerCase()),
    isDefault,
    transportSocket: chain.transportSocket,
  };
  if (closesConnections(chain)) return { ...match, http: undefined };
  const manager = connectionManagerOf(chain, problems);
  const filters = manager === undefined ? undefined : httpFilters(manager, problems);
  if (manager === undefined || filters === undefined) return undefined;
  return { ...match, http: { manager, router: filters.router, filters: filters.before, bufferLimitBytes } };
}

/** Whether a condition of a filter chain match is more than its default. */
function isAsked(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== '' && value !== 0;
}

/** A chain that forwards to the cluster without endpoints. */
function closesConnections({ filters: [filter, ...others] }: FilterChain): boolean {
  if (filter?.configType.case !== 'typedConfig' || others.length > 0) return false;
  const proxy = anyUnpack(filter.configType.value, TcpProxySchema);
  return proxy?.clusterSpecifier.case === 'cluster' && proxy.clusterSpecifier.value === BLACK_HOLE_CLUSTER;
}

function connectionManagerOf(chain: FilterChain, problems: string[]): HttpConnectionManager | undefined {
  const [filter] = chain.filters;
  const packed = filter?.configType.case === 'typedConfig' ? filter.configType.value : undefined;
  const manager = packed === undefined ? undefined : anyUnpack(packed, HttpConnectionManagerSchema);
  if (manager === undefined || chain.filters.length !== 1) {
    const names = chain.filters.map(({ name }) => `"${name}"`).join(', ');
    problems.push(`has network filters ${names === '' ? 'none' : names}, wanted one HTTP connection manager`);
    return undefined;
  }
  return manager;
}

function httpFilters(
  manager: HttpConnectionManager,
  problems: string[],
): { readonly router: Router | undefined; readonly before: readonly ConfiguredFilter[] } | undefined {
  const enabled = manager.httpFilters.filter(({ disabled }) => !disabled);
  const last = enabled.at(-1);
  const router = last?.configType.case === 'typedConfig' ? anyUnpack(last.configType.value, RouterSchema) : undefined;
  if (last === undefined || (router === undefined && last.name !== routerFilter)) {
    problems.push('has no router as last HTTP filter');
    return undefined;
  }
  const before: ConfiguredFilter[] = [];
  for (const { name, configType, isOptional } of enabled.slice(0, -1)) {
    if (configType.case === 'configDiscovery') {
      before.push({ create: discoveredFilter(name, configType.value), config: undefined });
      continue;
    }
    const config = configType.case === 'typedConfig' ? configType.value : undefined;
    const create = filterFactory(name, config);
    if (create !== undefined) before.push({ create, config });
    else if (!isOptional) {
      problems.push(`HTTP filter "${name}" is not implemented`);
      return undefined;
    }
  }
  return { router, before };
}

/** The configurations that the HTTP filters of a listener have inline, defaults of fetched ones included. */
export function filterConfigsOf(listener: Listener): readonly Any[] {
  const { defaultFilterChain } = listener;
  const all = defaultFilterChain === undefined ? listener.filterChains : [...listener.filterChains, defaultFilterChain];
  return all
    .flatMap(({ filters }) => filters)
    .flatMap(({ configType }) =>
      configType.case === 'typedConfig'
        ? (anyUnpack(configType.value, HttpConnectionManagerSchema)?.httpFilters ?? [])
        : [],
    )
    .flatMap(({ configType, disabled }) => {
      if (disabled) return [];
      if (configType.case === 'typedConfig') return [configType.value];
      return configType.case === 'configDiscovery' ? (configType.value.defaultConfig ?? []) : [];
    });
}
