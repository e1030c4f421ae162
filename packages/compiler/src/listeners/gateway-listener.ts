import { create, toBinary } from '@bufbuild/protobuf';
import { LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { TrafficDirection } from '@heddle/envoy-api/core';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { gatewayRouteName, listenerName, type Origin, xdsResource } from '@heddle/model';
import { CONNECTION_BUFFER_BYTES } from '../clusters/service-cluster.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import type { GatewayPort } from '../gateways/gateway-ports.ts';
import type { Memo } from '../memo.ts';
import { refOfObject } from '../mesh-objects.ts';
import type { PluginFilters } from '../plugins/plugin-filters.ts';
import type { MeshSettings } from '../settings.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { socketAddress } from './listener-address.ts';

/** The listener of a gateway's plain HTTP port, shared by every server on it. */
export function buildGatewayListener(
  _memo: Memo,
  port: GatewayPort,
  boundIp: string,
  boundPort: number,
  settings: MeshSettings,
  plugins: PluginFilters,
): CompiledResource {
  const name = listenerName('0.0.0.0', port.number);
  const listener = create(ListenerSchema, {
    name,
    address: socketAddress({ address: boundIp, port: boundPort }),
    trafficDirection: TrafficDirection.OUTBOUND,
    perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
    filterChains: [
      { filters: [httpConnectionManager('edge', name, gatewayRouteName(port.number), settings, plugins)] },
    ],
  });
  const provenance = (): ReadonlyMap<string, Origin> => {
    const [first] = port.servers;
    if (first === undefined) return new Map();
    const origin = { resource: refOfObject(first.entry.gateway), path: ['spec', 'servers', first.server.index] };
    return new Map([
      ['', origin],
      ['address', { ...origin, path: [...origin.path, 'port'] }],
      ['filterChains[0]', origin],
    ]);
  };
  return {
    resource: xdsResource(LISTENER_TYPE_URL, name, toBinary(ListenerSchema, listener)),
    diagnostics: [],
    provenance,
  };
}
