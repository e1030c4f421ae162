import { isIP } from 'node:net';
import { create, type JsonObject, type MessageInitShape, toJson } from '@bufbuild/protobuf';
import { anyPack, durationFromMs } from '@bufbuild/protobuf/wkt';
import { loadRegistry } from '@heddle/envoy-api';
import { type Bootstrap, BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { Cluster_DiscoveryType, type ClusterSchema } from '@heddle/envoy-api/cluster';
import {
  type Address,
  AddressSchema,
  ApiConfigSource_ApiType,
  ApiVersion,
  type ConfigSourceSchema,
  type Locality,
  type TransportSocket,
} from '@heddle/envoy-api/core';
import { DownstreamConnectionsConfigSchema } from '@heddle/envoy-api/extensions/resource-monitors';
import { HttpProtocolOptionsSchema } from '@heddle/envoy-api/extensions/upstreams/http';
import { ENVOY_RUNTIME, TTL_FEATURE, WRAPPED_FEATURE } from '@heddle/model';
import type { StatsTag } from './istio-stats-tags.ts';

/** The name of the cluster that leads to the control plane; Istio's, which its tools look for. */
export const XDS_CLUSTER_NAME = 'xds-grpc';

/** Who a proxy is: `envoy.config.core.v3.Node`, by Istio's conventions. */
export interface BootstrapNode {
  /** `sidecar~IP~POD.NAMESPACE~NAMESPACE.svc.cluster.local`, or `router~…` for a gateway. */
  readonly id: string;
  /** The service it stands for, such as `cart.shop`; appears in statistics and access logs of others. Default: the id. */
  readonly cluster?: string;
  /** Istio's keys: `NAMESPACE`, `LABELS`, `ISTIO_VERSION`, `CLUSTER_ID`, `SERVICE_ACCOUNT`, `WORKLOAD_NAME`, … */
  readonly metadata?: JsonObject;
  readonly locality?: Pick<Locality, 'region' | 'zone' | 'subZone'>;
}

/** What {@link buildBootstrap} builds from. Addresses are `HOST:PORT`, `[IPV6]:PORT` or `unix:/PATH`. */
export interface BootstrapOptions {
  readonly node: BootstrapNode;
  /** Where the control plane serves ADS. Left out for an Envoy with static configuration only. */
  readonly adsAddress?: string;
  /** TLS or another way to the control plane. Default: plain text, for loopback and Unix sockets. */
  readonly adsTransportSocket?: TransportSocket;
  /** Delta ADS (default), which on-demand discovery needs, or state of the world. */
  readonly delta?: boolean;
  /**
   * How long Envoy waits for the first listeners and clusters before it starts without them. Default: 0, for ever: a proxy that
   * has no configuration must not call itself ready.
   */
  readonly initialFetchTimeoutMs?: number;
  /** Default: `127.0.0.1:0`, a free port; {@link runEnvoy} finds out which. */
  readonly adminAddress?: string;
  /** A Unix socket for the admin interface instead, at most 107 bytes long. */
  readonly adminPath?: string;
  /** Connections from downstream, over all listeners, beyond which new ones are closed. Default: 50,000. */
  readonly maxDownstreamConnections?: number;
  /** Runtime keys and values, beside and before those of `ENVOY_RUNTIME`. */
  readonly runtime?: JsonObject;
  /**
   * What becomes labels of metrics, beside what Envoy itself knows of: see {@link ISTIO_STATS_TAGS}. Each is looked for in the name of every
   * metric that is made. Default: none.
   */
  readonly statsTags?: readonly StatsTag[];
  /** Listeners, clusters and secrets that do not come from the control plane. */
  readonly staticResources?: MessageInitShape<typeof BootstrapSchema>['staticResources'];
}

/**
 * Builds the configuration that a proxy starts with (`envoy.config.bootstrap.v3.Bootstrap`).
 *
 * The connection to the control plane is HTTP/2 with keep-alive pings, so that a control plane which vanished without a word is
 * noticed within 40 s; it is tried again after 0.1 to 5 s. The admin interface is reachable even when the connection limit is hit.
 *
 * @throws RangeError for an address that is none
 */
export function buildBootstrap(options: BootstrapOptions): Bootstrap {
  const { node, adsAddress, delta = true, maxDownstreamConnections = 50_000 } = options;
  const admin = options.adminPath === undefined ? (options.adminAddress ?? '127.0.0.1:0') : `unix:${options.adminPath}`;
  const bootstrap = create(BootstrapSchema, {
    node: {
      id: node.id,
      cluster: node.cluster ?? node.id,
      ...(node.metadata === undefined ? {} : { metadata: node.metadata }),
      ...(node.locality === undefined ? {} : { locality: node.locality }),
      // Envoy does not say so by itself.
      clientFeatures: [TTL_FEATURE, WRAPPED_FEATURE],
    },
    admin: { address: parseAddress(admin), ignoreGlobalConnLimit: true },
    overloadManager: {
      resourceMonitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          configType: {
            case: 'typedConfig',
            value: anyPack(
              DownstreamConnectionsConfigSchema,
              create(DownstreamConnectionsConfigSchema, {
                maxActiveDownstreamConnections: BigInt(maxDownstreamConnections),
              }),
            ),
          },
        },
      ],
    },
    staticResources: options.staticResources ?? {},
    ...(options.statsTags === undefined ? {} : { statsConfig: { statsTags: options.statsTags.map(tagSpecifier) } }),
  });
  const runtime = { ...ENVOY_RUNTIME, ...options.runtime };
  const layer = { name: 'heddle', layerSpecifier: { case: 'staticLayer' as const, value: runtime } };
  bootstrap.layeredRuntime = create(BootstrapSchema, { layeredRuntime: { layers: [layer] } }).layeredRuntime;
  if (adsAddress === undefined) return bootstrap;

  const { dynamicResources, staticResources } = create(BootstrapSchema, {
    dynamicResources: {
      adsConfig: {
        apiType: delta ? ApiConfigSource_ApiType.DELTA_GRPC : ApiConfigSource_ApiType.GRPC,
        transportApiVersion: ApiVersion.V3,
        setNodeOnFirstMessageOnly: true,
        grpcServices: [
          {
            targetSpecifier: {
              case: 'envoyGrpc',
              value: {
                clusterName: XDS_CLUSTER_NAME,
                retryPolicy: {
                  retryBackOff: { baseInterval: durationFromMs(100), maxInterval: durationFromMs(5_000) },
                },
              },
            },
          },
        ],
      },
      ldsConfig: aggregatedConfigSource(options.initialFetchTimeoutMs ?? 0),
      cdsConfig: aggregatedConfigSource(options.initialFetchTimeoutMs ?? 0),
    },
    staticResources: { clusters: [xdsCluster(parseAddress(adsAddress), options.adsTransportSocket)] },
  });
  bootstrap.dynamicResources = dynamicResources;
  bootstrap.staticResources?.clusters.push(...(staticResources?.clusters ?? []));
  return bootstrap;
}

/**
 * Prints a bootstrap as JSON with Envoy's field names, which is YAML too. Loads every generated type, about 0.2 s, since
 * extensions are printed as what they are.
 */
export async function bootstrapToJson(bootstrap: Bootstrap): Promise<JsonObject> {
  const registry = await loadRegistry();
  return toJson(BootstrapSchema, bootstrap, { registry, useProtoFieldName: true }) as JsonObject;
}

/**
 * Parses `HOST:PORT`, `[IPV6]:PORT` or `unix:/PATH` into Envoy's address.
 *
 * @throws RangeError when it is none of them
 */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:') && text.length > 5) {
    return create(AddressSchema, { address: { case: 'pipe', value: { path: text.slice(5) } } });
  }
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (match === null || port > 65_535 || (match[1] !== undefined && isIP(host) !== 6)) {
    throw new RangeError(`Cannot parse address "${text}": wanted HOST:PORT, [IPV6]:PORT or unix:/PATH`);
  }
  const value = { address: host, portSpecifier: { case: 'portValue' as const, value: port } };
  return create(AddressSchema, { address: { case: 'socketAddress', value } });
}

function aggregatedConfigSource(initialFetchTimeoutMs: number): MessageInitShape<typeof ConfigSourceSchema> {
  return {
    resourceApiVersion: ApiVersion.V3,
    initialFetchTimeout: durationFromMs(initialFetchTimeoutMs),
    configSourceSpecifier: { case: 'ads', value: {} },
  };
}

function xdsCluster(
  address: Address,
  transportSocket: TransportSocket | undefined,
): MessageInitShape<typeof ClusterSchema> {
  const { case: kind, value } = address.address;
  const isName = kind === 'socketAddress' && isIP(value.address) === 0;
  const protocol = create(HttpProtocolOptionsSchema, {
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: {
        protocolConfig: {
          case: 'http2ProtocolOptions',
          value: { connectionKeepalive: { interval: durationFromMs(30_000), timeout: durationFromMs(10_000) } },
        },
      },
    },
  });
  return {
    name: XDS_CLUSTER_NAME,
    clusterDiscoveryType: {
      case: 'type',
      value: isName ? Cluster_DiscoveryType.STRICT_DNS : Cluster_DiscoveryType.STATIC,
    },
    connectTimeout: durationFromMs(1_000),
    loadAssignment: {
      clusterName: XDS_CLUSTER_NAME,
      endpoints: [{ lbEndpoints: [{ hostIdentifier: { case: 'endpoint', value: { address } } }] }],
    },
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': anyPack(HttpProtocolOptionsSchema, protocol),
    },
    // The host closes a dead connection within a minute even where pings are not answered by an intermediary.
    upstreamConnectionOptions: { tcpKeepalive: { keepaliveTime: 30, keepaliveInterval: 10, keepaliveProbes: 3 } },
    ...(transportSocket === undefined ? {} : { transportSocket }),
  };
}

function tagSpecifier({ tag_name: tagName, regex }: StatsTag) {
  return { tagName, tagValue: { case: 'regex' as const, value: regex } };
}
