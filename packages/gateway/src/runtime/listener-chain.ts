import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import { type Router, RouterSchema } from '@heddle/envoy-api/extensions/filters/http/router';
import { type HttpConnectionManager, HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import type { FilterChain, Listener } from '@heddle/envoy-api/listener';
import { type FilterFactory, knownFilters } from '../http/filters/known-filters.ts';

/** What of an Envoy listener the gateway serves: one connection manager on one address. */
export interface ListenerChain {
  readonly host: string;
  readonly port: number;
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
export function listenerChain(listener: Listener, problems: string[]): ListenerChain | undefined {
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
    // HTTP/1.1 and HTTP/2 are told apart by the connection manager itself.
    if (name !== 'envoy.filters.listener.http_inspector') {
      problems.push(`listener filter "${name}" is not implemented`);
      return undefined;
    }
  }
  const chain = onlyChain(listener, problems);
  const manager = chain === undefined ? undefined : connectionManagerOf(chain, problems);
  if (manager === undefined) return undefined;
  const filters = httpFilters(manager, problems);
  if (filters === undefined) return undefined;
  return {
    host: address.value.address,
    port: address.value.portSpecifier.value,
    manager,
    router: filters.router,
    filters: filters.before,
    bufferLimitBytes: listener.perConnectionBufferLimitBytes ?? defaultBufferLimitBytes,
  };
}

function onlyChain(listener: Listener, problems: string[]): FilterChain | undefined {
  const chains = [
    ...listener.filterChains,
    ...(listener.defaultFilterChain === undefined ? [] : [listener.defaultFilterChain]),
  ];
  const [chain] = chains;
  if (chains.length !== 1 || chain === undefined) {
    problems.push(`has ${chains.length} filter chains, wanted one: filter chain matching is not implemented`);
    return undefined;
  }
  if (chain.transportSocket !== undefined && chain.transportSocket.name !== 'envoy.transport_sockets.raw_buffer') {
    problems.push(`transport socket "${chain.transportSocket.name}" is not implemented, wanted plain text`);
    return undefined;
  }
  return chain;
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
    const create = knownFilters.get(name);
    if (create !== undefined)
      before.push({ create, config: configType.case === 'typedConfig' ? configType.value : undefined });
    else if (!isOptional) {
      problems.push(`HTTP filter "${name}" is not implemented`);
      return undefined;
    }
  }
  return { router, before };
}
