import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { TrafficDirection } from '@heddle/envoy-api/core';
import { type FilterChainSchema, type FilterSchema, ListenerSchema } from '@heddle/envoy-api/listener';
import type { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import {
  BLACK_HOLE_CLUSTER,
  clusterName,
  INBOUND_PASSTHROUGH_CLUSTER,
  listenerName,
  type Origin,
  VIRTUAL_INBOUND_LISTENER,
  xdsResource,
} from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import { duration } from '../duration.ts';
import type { Memo } from '../memo.ts';
import type { PluginFilters } from '../plugins/plugin-filters.ts';
import { isHttp } from '../registry/port-protocol.ts';
import { timeLimits } from '../routes/time-limits.ts';
import type { MeshSettings } from '../settings.ts';
import type { InboundPort } from '../sidecar/inbound-ports.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { httpInspectorExcept, originalDestination, PLAIN_HTTP } from './inspectors.ts';
import { socketAddress } from './listener-address.ts';
import { tcpProxy } from './outbound-listeners.ts';

/** The plugins that connections to a workload pass. */
export interface InboundPlugins {
  /** For each of the ports, in their order. */
  readonly byPort: readonly PluginFilters[];
  /** For connections to ports of no service. */
  readonly elsewhere: PluginFilters;
}

type FilterChain = MessageInitShape<typeof FilterChainSchema>;
type Filter = MessageInitShape<typeof FilterSchema>;

/** Of a retry it must be certain that the workload saw nothing of the request (Istio's default for inbound routes). */
const inboundRetries = { retryOn: 'reset-before-request', numRetries: 2 };

/**
 * Where all connections to a workload arrive: a chain, or two, for each of its services' ports, and chains for every other port, which
 * pass connections on as they are. Chains and names are Istio's; without a certificate authority none of them asks for TLS.
 */
export function buildVirtualInboundListener(
  _memo: Memo,
  ports: readonly InboundPort[],
  settings: MeshSettings,
  plugins: InboundPlugins,
): CompiledResource {
  const { proxyInboundListenPort: ownPort } = settings;
  const blackHole: FilterChain = {
    name: 'virtualInbound-blackhole',
    // Connections to this very port were not redirected: passing them on would come back here.
    filterChainMatch: { destinationPort: ownPort },
    filters: [tcpProxy(BLACK_HOLE_CLUSTER, settings)],
  };
  const passthrough = inboundRoutes(INBOUND_PASSTHROUGH_CLUSTER, 0, '', true);
  const anyHttp = httpConnectionManager(
    'sidecar',
    INBOUND_PASSTHROUGH_CLUSTER,
    passthrough,
    settings,
    plugins.elsewhere,
  );
  const catchAll: FilterChain[] = [
    {
      name: 'virtualInbound-catchall-http',
      filterChainMatch: { transportProtocol: 'raw_buffer', applicationProtocols: [...PLAIN_HTTP] },
      filters: [anyHttp],
    },
    {
      name: VIRTUAL_INBOUND_LISTENER,
      filterChainMatch: { transportProtocol: 'raw_buffer' },
      filters: [tcpProxy(INBOUND_PASSTHROUGH_CLUSTER, settings)],
    },
  ];
  const chains = ports.map((port, index) => chainsOf(port, settings, plugins.byPort[index] ?? ''));
  const declared = ports.filter(({ declaration }) => declaration.protocol !== 'undeclared');
  const listener = create(ListenerSchema, {
    name: VIRTUAL_INBOUND_LISTENER,
    address: socketAddress({ address: '0.0.0.0', port: ownPort }),
    trafficDirection: TrafficDirection.INBOUND,
    listenerFilters: [
      originalDestination,
      httpInspectorExcept([...declared.map(({ number }) => number), ownPort].sort((a, b) => a - b)),
    ],
    listenerFiltersTimeout: duration(settings.protocolDetectionTimeoutMs),
    continueOnListenerFiltersTimeout: true,
    filterChains: [blackHole, ...catchAll, ...chains.flat()],
  });
  const provenance = (): ReadonlyMap<string, Origin> => {
    const origins = new Map<string, Origin>();
    let index = 1 + catchAll.length;
    for (const [place, port] of ports.entries()) {
      for (const _chain of chains[place] ?? []) {
        origins.set(`filterChains[${index++}]`, { resource: port.source.ref, path: port.declaration.path });
      }
    }
    return origins;
  };
  return {
    resource: xdsResource(LISTENER_TYPE_URL, listener.name, toBinary(ListenerSchema, listener)),
    diagnostics: [],
    provenance,
  };
}

/** HTTP, anything else, or, where nothing is declared, both, told apart by the first bytes. */
function chainsOf(port: InboundPort, settings: MeshSettings, plugins: PluginFilters): readonly FilterChain[] {
  const { number, declaration, source } = port;
  const cluster = clusterName({ direction: 'inbound', port: number, subset: '', host: '' });
  const name = listenerName('0.0.0.0', number);
  const http = (): Filter => {
    const retries = declaration.protocol !== 'grpc';
    const routes = inboundRoutes(cluster, declaration.number, source.host, retries);
    return httpConnectionManager('sidecar', `inbound_${name}`, routes, settings, plugins);
  };
  const match = { destinationPort: number, transportProtocol: 'raw_buffer' };
  if (isHttp(declaration.protocol)) return [{ name, filterChainMatch: match, filters: [http()] }];
  const tcp: FilterChain = { name, filterChainMatch: match, filters: [tcpProxy(cluster, settings)] };
  if (declaration.protocol !== 'undeclared') return [tcp];
  return [{ name, filterChainMatch: { ...match, applicationProtocols: [...PLAIN_HTTP] }, filters: [http()] }, tcp];
}

/** Everything goes to the workload. */
function inboundRoutes(
  cluster: string,
  servicePort: number,
  host: string,
  retries: boolean,
): MessageInitShape<typeof RouteConfigurationSchema> {
  return {
    name: cluster,
    validateClusters: false,
    virtualHosts: [
      {
        name: `inbound|http|${servicePort}`,
        domains: ['*'],
        routes: [
          {
            name: 'default',
            match: { pathSpecifier: { case: 'prefix', value: '/' } },
            action: {
              case: 'route',
              value: {
                clusterSpecifier: { case: 'cluster', value: cluster },
                ...timeLimits(undefined),
                ...(retries ? { retryPolicy: inboundRetries } : {}),
              },
            },
            decorator: { operation: `${host}:${servicePort}/*` },
          },
        ],
      },
    ],
  };
}
