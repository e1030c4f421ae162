import { create, toBinary } from '@bufbuild/protobuf';
import { RouteSchema, VirtualHostSchema } from '@heddle/envoy-api/route';
import { ALLOW_ANY_VIRTUAL_HOST, BLOCK_ALL_VIRTUAL_HOST, clusterName, PASSTHROUGH_CLUSTER } from '@heddle/model';
import type { Backend } from '../destination-rules.ts';
import { encodeField } from '../encoding.ts';
import type { Memo } from '../memo.ts';
import type { MeshPort } from '../registry/mesh-service.ts';
import type { MeshSettings } from '../settings.ts';
import { choosesByHash, hashPoliciesFor } from './hash-policy.ts';
import type { RouteList } from './route-list.ts';
import { timeLimits } from './time-limits.ts';
import { type EncodedVirtualHost, encodeVirtualHost } from './virtual-host.ts';
import { forwardingDefaults } from './virtual-service-routes.ts';

/** The routes of a service for which no VirtualService speaks: everything goes to the port that was called. */
export function defaultRoutes(_memo: Memo, port: MeshPort, backend: Backend, settings: MeshSettings): RouteList {
  const { service } = backend;
  const cluster = clusterName({ direction: 'outbound', port: port.number, subset: '', host: service.host });
  const route = create(RouteSchema, {
    name: 'default',
    match: { pathSpecifier: { case: 'prefix', value: '/' } },
    action: {
      case: 'route',
      value: {
        clusterSpecifier: { case: 'cluster', value: cluster },
        ...forwardingDefaults(settings, choosesByHash(backend, port.number, '')),
        hashPolicy: hashPoliciesFor(backend, port.number, ''),
      },
    },
    decorator: { operation: `${service.host}:${port.number}/*` },
  });
  const origin = { resource: port.source.ref, path: port.path };
  return {
    resource: port.source.ref,
    routes: [
      {
        bytes: encodeField(VirtualHostSchema, 'routes', toBinary(RouteSchema, route)),
        catchAll: true,
        origins: [['', origin]],
      },
    ],
    clusters: [],
    diagnostics: [],
    problems: [],
  };
}

/** The last virtual host of a sidecar: what becomes of requests to hosts that the mesh does not know. */
export function buildCatchAllVirtualHost(policy: 'ALLOW_ANY' | 'REGISTRY_ONLY'): EncodedVirtualHost {
  const allow = policy === 'ALLOW_ANY';
  const name = allow ? ALLOW_ANY_VIRTUAL_HOST : BLOCK_ALL_VIRTUAL_HOST;
  const route = create(RouteSchema, {
    name,
    match: { pathSpecifier: { case: 'prefix', value: '/' } },
    action: allow
      ? {
          case: 'route',
          value: { clusterSpecifier: { case: 'cluster', value: PASSTHROUGH_CLUSTER }, ...timeLimits(undefined) },
        }
      : { case: 'directResponse', value: { status: 502 } },
  });
  const bytes = encodeField(VirtualHostSchema, 'routes', toBinary(RouteSchema, route));
  return encodeVirtualHost(name, ['*'], [{ bytes, catchAll: true, origins: [] }], undefined, []);
}
