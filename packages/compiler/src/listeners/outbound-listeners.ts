import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { TrafficDirection } from '@heddle/envoy-api/core';
import { TcpProxySchema } from '@heddle/envoy-api/extensions/filters/network/tcp-proxy';
import { type FilterChainSchema, type FilterSchema, type Listener, ListenerSchema } from '@heddle/envoy-api/listener';
import {
  BLACK_HOLE_CLUSTER,
  clusterName,
  HTTP_PROXY_ROUTE,
  listenerName,
  type Origin,
  PASSTHROUGH_CLUSTER,
  sidecarRouteName,
  VIRTUAL_OUTBOUND_LISTENER,
  xdsResource,
} from '@heddle/model';
import type { OutboundCapture } from '../capabilities.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import { duration } from '../duration.ts';
import type { Memo } from '../memo.ts';
import type { MeshPort, MeshService } from '../registry/mesh-service.ts';
import type { MeshSettings } from '../settings.ts';
import { accessLogs } from './access-log.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { httpInspector, PLAIN_HTTP } from './inspectors.ts';
import { socketAddress } from './listener-address.ts';

/**
 * The listener of one HTTP port for all hosts; `first` is the first service's port that makes it. Redirected connections that do not begin as HTTP (the same port may be another
 * protocol's elsewhere) are passed on where they wanted to go.
 */
export function buildHttpListener(
  _memo: Memo,
  first: MeshPort,
  capture: OutboundCapture,
  boundIp: string,
  boundPort: number,
  settings: MeshSettings,
): CompiledResource {
  const name = listenerName('0.0.0.0', first.number);
  const filters = [httpConnectionManager('sidecar', name, sidecarRouteName(first.number), settings)];
  const chains: ListenerFields =
    capture === 'bound'
      ? { filterChains: [{ filters }] }
      : {
          bindToPort: false,
          listenerFilters: [httpInspector],
          listenerFiltersTimeout: duration(settings.protocolDetectionTimeoutMs),
          continueOnListenerFiltersTimeout: true,
          filterChains: [
            { filterChainMatch: { transportProtocol: 'raw_buffer', applicationProtocols: [...PLAIN_HTTP] }, filters },
          ],
          defaultFilterChain: { name: 'PassthroughFilterChain', filters: [catchAll(settings)] },
        };
  return asResource(
    create(ListenerSchema, {
      name,
      address: socketAddress({ address: boundIp, port: boundPort }),
      trafficDirection: TrafficDirection.OUTBOUND,
      ...chains,
    }),
    { resource: first.source.ref, path: first.path },
  );
}

/** The listener of a service's port that speaks no HTTP, at one of its addresses: everything goes to the service. */
export function buildTcpListener(
  _memo: Memo,
  port: MeshPort,
  service: MeshService,
  address: string,
  capture: OutboundCapture,
  boundIp: string,
  boundPort: number,
  settings: MeshSettings,
): CompiledResource {
  const cluster = clusterName({ direction: 'outbound', port: port.number, subset: '', host: service.host });
  const listener = create(ListenerSchema, {
    name: listenerName(address, port.number),
    address: socketAddress({ address: boundIp, port: boundPort }),
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains: [{ filters: [tcpProxy(cluster, settings)] }],
  });
  if (capture === 'redirected') listener.bindToPort = false;
  return asResource(listener, { resource: port.source.ref, path: port.path });
}

/** Where a workload may send requests as to an HTTP proxy: `GET http://reviews:9080/ HTTP/1.1` (MeshConfig `proxyHttpPort`). */
export function buildHttpProxyListener(
  _memo: Memo,
  settings: MeshSettings,
  boundIp: string,
  boundPort: number,
): CompiledResource {
  const name = listenerName('127.0.0.1', settings.proxyHttpPort);
  return asResource(
    create(ListenerSchema, {
      name,
      address: socketAddress({ address: boundIp, port: boundPort }),
      trafficDirection: TrafficDirection.OUTBOUND,
      filterChains: [{ filters: [httpConnectionManager('sidecar', name, HTTP_PROXY_ROUTE, settings)] }],
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

type ListenerFields = Exclude<MessageInitShape<typeof ListenerSchema>, Listener>;

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
