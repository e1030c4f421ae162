import { create, toBinary } from '@bufbuild/protobuf';
import { ROUTE_CONFIGURATION_TYPE_URL } from '@heddle/envoy-api';
import { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import { contentHash, type Origin, type XdsResource } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import { concatBytes } from '../encoding.ts';
import type { Memo } from '../memo.ts';
import type { MeshSettings } from '../settings.ts';
import type { EncodedVirtualHost } from './virtual-host.ts';

/**
 * A route configuration of virtual hosts that are encoded already. Its version is a hash of its parts' hashes: as good a name for
 * the content as a hash of all bytes, without reading megabytes again when one virtual host of thousands changes.
 */
export function buildRouteConfiguration(
  _memo: Memo,
  virtualHosts: readonly EncodedVirtualHost[],
  name: string,
  settings: MeshSettings,
): CompiledResource {
  const header = toBinary(
    RouteConfigurationSchema,
    create(RouteConfigurationSchema, {
      name,
      // A route to a cluster that does not exist (yet) costs its requests, not the whole configuration.
      validateClusters: false,
      ignorePortInHostMatching: true,
      maxDirectResponseBodySizeBytes: 1024 * 1024,
    }),
  );
  const hashes = new TextEncoder().encode([contentHash(header), ...virtualHosts.map((host) => host.hash)].join(' '));
  const resource: XdsResource = {
    typeUrl: ROUTE_CONFIGURATION_TYPE_URL,
    name,
    version: contentHash(hashes),
    bytes: concatBytes([header, ...virtualHosts.map((host) => host.bytes)]),
  };
  const provenance = (): ReadonlyMap<string, Origin> => {
    const origins = new Map<string, Origin>();
    for (const [hostIndex, host] of virtualHosts.entries()) {
      const hostPath = `virtualHosts[${hostIndex}]`;
      if (host.origin !== undefined) origins.set(hostPath, host.origin);
      for (const [routeIndex, route] of host.routes.entries()) {
        const routePath = `${hostPath}.routes[${routeIndex}]`;
        for (const [path, origin] of route.origins)
          origins.set(path === '' ? routePath : `${routePath}.${path}`, origin);
      }
    }
    return origins;
  };
  return { resource, diagnostics: virtualHosts.flatMap((host) => host.diagnostics), provenance };
}
