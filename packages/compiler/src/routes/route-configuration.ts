import { create, toBinary } from '@bufbuild/protobuf';
import { ROUTE_CONFIGURATION_TYPE_URL } from '@heddle/envoy-api';
import { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import { type Diagnostic, diagnostic, type Origin, type XdsResource } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import type { GatewayPort } from '../gateways/gateway-ports.ts';
import type { Memo } from '../memo.ts';
import { refOfObject } from '../mesh-objects.ts';
import type { MeshPort } from '../registry/mesh-service.ts';
import type { MeshSettings } from '../settings.ts';
import { joinVirtualHosts } from './joined-virtual-hosts.ts';
import { ruleOrigins } from './rule-origins.ts';
import type { EncodedVirtualHost } from './virtual-host.ts';

/** Whether the port in a request's host counts: where one listener serves one port it says nothing new. */
export type PortsInHosts = 'ignored' | 'matched';

/**
 * A route configuration of virtual hosts that are encoded already. Its version is a hash of its parts' hashes: as good a name for
 * the content as a hash of all bytes, without reading megabytes again when one virtual host of thousands changes. `port` is what its
 * listener is there for.
 */
export function buildRouteConfiguration(
  memo: Memo,
  wanted: readonly EncodedVirtualHost[],
  name: string,
  port: GatewayPort | MeshPort | undefined,
  settings: MeshSettings,
  portsIn: PortsInHosts = 'ignored',
): CompiledResource {
  const header = memo.run(routeHeader, settings, name, portsIn);
  const diagnostics = wanted.flatMap((host) => host.diagnostics);
  const virtualHosts = withinSize(wanted, name, settings.limits.maxResourceBytes - header.length, diagnostics);
  const { bytes, version } = memo.evolve(joinVirtualHosts, virtualHosts, header);
  const resource: XdsResource = { typeUrl: ROUTE_CONFIGURATION_TYPE_URL, name, version, bytes };
  const provenance = (): ReadonlyMap<string, Origin> => {
    const origins = new Map<string, Origin>();
    const own = port === undefined ? undefined : portOrigin(port);
    if (own !== undefined) origins.set('', own);
    for (const [hostIndex, host] of virtualHosts.entries()) {
      const hostPath = `virtualHosts[${hostIndex}]`;
      if (host.origin !== undefined) origins.set(hostPath, host.origin);
      for (const [routeIndex, route] of host.routes.entries()) {
        const routePath = `${hostPath}.routes[${routeIndex}]`;
        const parts = route.written === undefined ? [] : ruleOrigins(route.written);
        for (const [path, origin] of [...route.origins, ...parts])
          origins.set(path === '' ? routePath : `${routePath}.${path}`, origin);
      }
    }
    return origins;
  };
  return { resource, diagnostics, provenance };
}

/** A route configuration without its virtual hosts. */
function routeHeader(_memo: Memo, _settings: MeshSettings, name: string, portsIn: PortsInHosts): Uint8Array {
  const header = create(RouteConfigurationSchema, {
    name,
    // A route to a cluster that does not exist (yet) costs its requests, not the whole configuration.
    validateClusters: false,
    ignorePortInHostMatching: portsIn === 'ignored',
    maxDirectResponseBodySizeBytes: 1024 * 1024,
  });
  return toBinary(RouteConfigurationSchema, header);
}

/** The first of the declarations that make a listener's port. */
function portOrigin(port: GatewayPort | MeshPort): Origin | undefined {
  if ('source' in port) return { resource: port.source.ref, path: port.path };
  const [first] = port.servers;
  if (first === undefined) return undefined;
  return { resource: refOfObject(first.entry.gateway), path: ['spec', 'servers', first.server.index] };
}

/** The virtual hosts that fit into a resource, in order; each of the others is reported. */
function withinSize(
  wanted: readonly EncodedVirtualHost[],
  name: string,
  limit: number,
  diagnostics: Diagnostic[],
): readonly EncodedVirtualHost[] {
  // The list itself where nothing is left out: an unchanged input for what follows.
  if (wanted.reduce((sum, host) => sum + host.bytes.length, 0) <= limit) return wanted;
  let size = 0;
  return wanted.filter((host) => {
    if (size + host.bytes.length <= limit) {
      size += host.bytes.length;
      return true;
    }
    diagnostics.push(
      diagnostic('HED207', {
        ...(host.origin === undefined ? {} : { resource: host.origin.resource, path: host.origin.path }),
        message: `virtual host "${host.name}" (${host.bytes.length} bytes) makes route configuration "${name}" larger than ${limit} bytes`,
        effect: 'requests to this host are answered with 404',
      }),
    );
    return false;
  });
}
