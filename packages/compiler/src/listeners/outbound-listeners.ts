import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { type CidrRangeSchema, TrafficDirection } from '@heddle/envoy-api/core';
import { TcpProxySchema } from '@heddle/envoy-api/extensions/filters/network/tcp-proxy';
import { type FilterChainSchema, type FilterSchema, type Listener, ListenerSchema } from '@heddle/envoy-api/listener';
import {
  BLACK_HOLE_CLUSTER,
  HTTP_PROXY_ROUTE,
  listenerName,
  type Origin,
  PASSTHROUGH_CLUSTER,
  VIRTUAL_OUTBOUND_LISTENER,
  xdsResource,
} from '@heddle/model';
import type { OutboundCapture } from '../capabilities.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import { duration } from '../duration.ts';
import type { Memo } from '../memo.ts';
import type { PluginFilters } from '../plugins/plugin-filters.ts';
import type { MeshSettings } from '../settings.ts';
import { accessLogs } from './access-log.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { httpInspector, PLAIN_HTTP, tlsInspector } from './inspectors.ts';
import { socketAddress } from './listener-address.ts';
import type { OutboundEntry } from './outbound-entry.ts';
import { tcpProxyTo } from './tcp-proxy.ts';

/**
 * One outbound listener; `text` is its {@link OutboundEntry} as JSON. Redirected connections that fit none of its chains are passed on where they wanted to go, or refused, as the mesh's policy says.
 */
export function buildOutboundListener(
  _memo: Memo,
  settings: MeshSettings,
  text: string,
  capture: OutboundCapture,
  boundIp: string,
  boundPort: number,
  plugins: PluginFilters,
): CompiledResource {
  const entry = JSON.parse(text) as OutboundEntry;
  const name = listenerName(entry.address, entry.port);
  const chains: { readonly chain: FilterChain; readonly origin: Origin }[] = [];
  const everything: { readonly chain: FilterChain; readonly origin: Origin }[] = [];
  for (const { blocks, serverNames, legs, statPrefix, origin } of entry.chains) {
    const chain: FilterChain = { filters: [tcpProxyTo(legs, statPrefix, settings)] };
    if (blocks.length === 0 && serverNames.length === 0) {
      everything.push({ chain, origin });
      continue;
    }
    const filterChainMatch = {
      prefixRanges: blocks.map(cidrRange),
      serverNames: [...serverNames],
      ...(serverNames.length === 0 ? {} : { transportProtocol: 'tls' }),
    };
    chains.push({ chain: { ...chain, filterChainMatch }, origin });
  }
  const looksForTls = entry.chains.some(({ serverNames }) => serverNames.length > 0);
  // Where callers connect to the sidecar itself and nothing but HTTP is spoken, nothing is told apart.
  const looksForHttp = entry.http !== undefined && (capture === 'redirected' || entry.chains.length > 0);
  if (entry.http !== undefined) {
    const manager = httpConnectionManager('sidecar', name, entry.http.routes, settings, plugins);
    const chain: FilterChain = { filters: [manager] };
    const filterChainMatch = { transportProtocol: 'raw_buffer', applicationProtocols: [...PLAIN_HTTP] };
    chains.push({ chain: looksForHttp ? { ...chain, filterChainMatch } : chain, origin: entry.http.origin });
  }
  const [fallback] = everything;
  const alone = chains.length === 0 && fallback !== undefined;
  const passthrough: FilterChain = { name: 'PassthroughFilterChain', filters: [catchAll(settings)] };
  const defaultFilterChain = alone
    ? undefined
    : (fallback?.chain ?? (capture === 'redirected' ? passthrough : undefined));
  const listener = create(ListenerSchema, {
    name,
    address: socketAddress({ address: boundIp, port: boundPort }),
    trafficDirection: TrafficDirection.OUTBOUND,
    ...(capture === 'redirected' ? { bindToPort: false } : {}),
    ...(looksForTls || looksForHttp
      ? {
          listenerFilters: [...(looksForTls ? [tlsInspector] : []), ...(looksForHttp ? [httpInspector] : [])],
          listenerFiltersTimeout: duration(looksForHttp ? settings.protocolDetectionTimeoutMs : 0),
          continueOnListenerFiltersTimeout: true,
        }
      : {}),
    filterChains: alone ? [fallback.chain] : chains.map(({ chain }) => chain),
    ...(defaultFilterChain === undefined ? {} : { defaultFilterChain }),
  });
  const provenance = (): ReadonlyMap<string, Origin> => {
    const origins = new Map<string, Origin>();
    const first = entry.http?.origin ?? entry.chains[0]?.origin;
    if (first !== undefined) origins.set('', first);
    for (const [index, { origin }] of (alone ? [fallback] : chains).entries())
      origins.set(`filterChains[${index}]`, origin);
    if (!alone && fallback !== undefined) origins.set('defaultFilterChain', fallback.origin);
    return origins;
  };
  return {
    resource: xdsResource(LISTENER_TYPE_URL, name, toBinary(ListenerSchema, listener)),
    diagnostics: [],
    provenance,
  };
}

/** `10.0.0.0/8` as Envoy has it; a single address is a block of one. */
function cidrRange(block: string): MessageInitShape<typeof CidrRangeSchema> {
  const [addressPrefix = '', bits] = block.split('/');
  return { addressPrefix, prefixLen: bits === undefined ? (addressPrefix.includes(':') ? 128 : 32) : Number(bits) };
}

/** Where a workload may send requests as to an HTTP proxy: `GET http://reviews:9080/ HTTP/1.1` (MeshConfig `proxyHttpPort`). */
export function buildHttpProxyListener(
  _memo: Memo,
  settings: MeshSettings,
  boundIp: string,
  boundPort: number,
  plugins: PluginFilters,
): CompiledResource {
  const name = listenerName('127.0.0.1', settings.proxyHttpPort);
  return asResource(
    create(ListenerSchema, {
      name,
      address: socketAddress({ address: boundIp, port: boundPort }),
      trafficDirection: TrafficDirection.OUTBOUND,
      filterChains: [{ filters: [httpConnectionManager('sidecar', name, HTTP_PROXY_ROUTE, settings, plugins)] }],
    }),
    undefined,
  );
}

/** Where all redirected connections arrive; those that no other listener claims are passed on or refused. */
export function buildVirtualOutboundListener(_memo: Memo, settings: MeshSettings): CompiledResource {
  const blackHole: MessageInitShape<typeof FilterChainSchema> = {
    name: 'virtualOutbound-blackhole',
    // Connections to this very port were not redirected: passing them on would come back here.
    filterChainMatch: { destinationPort: settings.proxyListenPort },
    filters: [tcpProxy(BLACK_HOLE_CLUSTER, settings)],
  };
  return asResource(
    create(ListenerSchema, {
      name: VIRTUAL_OUTBOUND_LISTENER,
      address: socketAddress({ address: '0.0.0.0', port: settings.proxyListenPort }),
      trafficDirection: TrafficDirection.OUTBOUND,
      useOriginalDst: true,
      filterChains: [blackHole, { name: 'virtualOutbound-catchall-tcp', filters: [catchAll(settings)] }],
    }),
    undefined,
  );
}

type FilterChain = Exclude<MessageInitShape<typeof FilterChainSchema>, { readonly $typeName: string }>;

function catchAll(settings: MeshSettings): MessageInitShape<typeof FilterSchema> {
  return tcpProxy(settings.outboundTrafficPolicy === 'ALLOW_ANY' ? PASSTHROUGH_CLUSTER : BLACK_HOLE_CLUSTER, settings);
}

/** The network filter that forwards connections to one cluster as they are. */
export function tcpProxy(cluster: string, settings: MeshSettings): MessageInitShape<typeof FilterSchema> {
  const proxy = create(TcpProxySchema, {
    statPrefix: cluster,
    clusterSpecifier: { case: 'cluster', value: cluster },
    accessLog: accessLogs(settings),
  });
  return {
    name: 'envoy.filters.network.tcp_proxy',
    configType: { case: 'typedConfig', value: anyPack(TcpProxySchema, proxy) },
  };
}

function asResource(listener: Listener, origin: Origin | undefined): CompiledResource {
  return {
    resource: xdsResource(LISTENER_TYPE_URL, listener.name, toBinary(ListenerSchema, listener)),
    diagnostics: [],
    provenance: () => (origin === undefined ? new Map() : new Map([['', origin]])),
  };
}
