import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { TrafficDirection } from '@heddle/envoy-api/core';
import { TlsInspectorSchema } from '@heddle/envoy-api/extensions/filters/listener';
import { type FilterChain, FilterChainSchema, ListenerSchema } from '@heddle/envoy-api/listener';
import { BLACK_HOLE_CLUSTER, listenerName, type Origin, type ResourceRef, xdsResource } from '@heddle/model';
import { CONNECTION_BUFFER_BYTES } from '../clusters/service-cluster.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import { concatBytes, encodeField } from '../encoding.ts';
import type { GatewayPort } from '../gateways/gateway-ports.ts';
import type { Memo } from '../memo.ts';
import { refOfObject, type ServerTls } from '../mesh-objects.ts';
import type { PluginFilters } from '../plugins/plugin-filters.ts';
import type { L4Leg } from '../routes/l4-routes.ts';
import type { MeshSettings } from '../settings.ts';
import { downstreamTls, type ServerSecrets } from '../tls/downstream-context.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { socketAddress } from './listener-address.ts';
import { tcpProxyTo } from './tcp-proxy.ts';

/** A filter chain, encoded as an element of a listener's `filter_chains`. */
export interface EncodedChain {
  readonly bytes: Uint8Array;
  readonly origin: Origin;
}

/** What a chain is for: the names that clients ask for, all if empty; undefined for connections without TLS. */
export type ServerNames = readonly string[] | undefined;

/** Ends HTTPS and routes the requests. */
export function buildHttpsChain(
  listener: string,
  names: ServerNames,
  routeName: string,
  tls: ServerTls,
  secrets: ServerSecrets,
  origin: Origin,
  settings: MeshSettings,
  plugins: PluginFilters,
): EncodedChain {
  const filters = [httpConnectionManager('edge', listener, routeName, settings, plugins, true)];
  return encodeChain({ ...chainMatch(names), transportSocket: downstreamTls(tls, secrets, true), filters }, origin);
}

/** Ends TLS and forwards what was in it; or, without `tls`, forwards connections as they are. */
export function buildForwardingChain(
  names: ServerNames,
  legs: readonly L4Leg[],
  owner: ResourceRef,
  tls: { readonly settings: ServerTls; readonly secrets: ServerSecrets } | undefined,
  origin: Origin,
  settings: MeshSettings,
): EncodedChain {
  const transport = tls === undefined ? {} : { transportSocket: downstreamTls(tls.settings, tls.secrets, false) };
  const filters = [tcpProxyTo(legs, `${owner.name}.${owner.namespace}`, settings)];
  return encodeChain({ ...chainMatch(names), ...transport, filters }, origin);
}

/**
 * Closes connections at once: for names whose server cannot be served. Without it they would be met by another server's certificate and
 * routes.
 */
export function buildRefusingChain(names: ServerNames, origin: Origin, settings: MeshSettings): EncodedChain {
  const filters = [tcpProxyTo([{ cluster: BLACK_HOLE_CLUSTER, weight: 1 }], BLACK_HOLE_CLUSTER, settings)];
  return encodeChain({ ...chainMatch(names), filters }, origin);
}

type ChainFields = Exclude<MessageInitShape<typeof FilterChainSchema>, FilterChain>;

function chainMatch(names: ServerNames): ChainFields {
  return names === undefined || names.length === 0 ? {} : { filterChainMatch: { serverNames: [...names] } };
}

function encodeChain(fields: ChainFields, origin: Origin): EncodedChain {
  const bytes = toBinary(FilterChainSchema, create(FilterChainSchema, fields));
  return { bytes: encodeField(ListenerSchema, 'filterChains', bytes), origin };
}

const tlsInspector = {
  name: 'envoy.filters.listener.tls_inspector',
  configType: { case: 'typedConfig', value: anyPack(TlsInspectorSchema, create(TlsInspectorSchema)) },
} as const;

/** The listener of a gateway's port whose connections are told apart by chains. */
export function buildChainedListener(
  _memo: Memo,
  port: GatewayPort,
  boundIp: string,
  boundPort: number,
  chains: readonly EncodedChain[],
): CompiledResource {
  const name = listenerName('0.0.0.0', port.number);
  const header = create(ListenerSchema, {
    name,
    address: socketAddress({ address: boundIp, port: boundPort }),
    trafficDirection: TrafficDirection.OUTBOUND,
    perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
    listenerFilters: port.layer === 'tls' ? [tlsInspector] : [],
  });
  const bytes = concatBytes([toBinary(ListenerSchema, header), ...chains.map((chain) => chain.bytes)]);
  const provenance = (): ReadonlyMap<string, Origin> => {
    const origins = new Map<string, Origin>();
    const [first] = port.servers;
    if (first !== undefined) {
      const path = ['spec', 'servers', first.server.index];
      const resource = refOfObject(first.entry.gateway);
      origins.set('', { resource, path });
      origins.set('address', { resource, path: [...path, 'port'] });
    }
    for (const [index, chain] of chains.entries()) origins.set(`filterChains[${index}]`, chain.origin);
    return origins;
  };
  return { resource: xdsResource(LISTENER_TYPE_URL, name, bytes), diagnostics: [], provenance };
}
