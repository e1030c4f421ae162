import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { dumpResource } from '@heddle/compiler/dump';
import type { ConfigDump, SentResource } from '@heddle/discovery';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '@heddle/envoy-api';

/**
 * What a proxy was sent, as Envoy's own `/config_dump` would show it (envoy.admin.v3.ConfigDump in protobuf JSON), so that tools
 * which read one read the other. A resource that the proxy rejected carries `errorState`.
 */
export function configDumpJson(dump: ConfigDump): JsonObject {
  const list = (typeUrl: string): readonly SentResource[] => dump.get(typeUrl) ?? [];
  return {
    configs: [
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
        dynamicActiveClusters: list(CLUSTER_TYPE_URL).map((sent) => ({ ...state(sent), cluster: body(sent) })),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
        dynamicListeners: list(LISTENER_TYPE_URL).map((sent) => {
          const { versionInfo, ...rest } = state(sent);
          return { name: sent.name, activeState: { versionInfo: versionInfo ?? '', listener: body(sent) }, ...rest };
        }),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
        dynamicRouteConfigs: list(ROUTE_CONFIGURATION_TYPE_URL).map((sent) => ({
          ...state(sent),
          routeConfig: body(sent),
        })),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.EndpointsConfigDump',
        dynamicEndpointConfigs: list(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL).map((sent) => ({
          ...state(sent),
          endpointConfig: body(sent),
        })),
      },
    ],
  };
}

/** envoy.admin.v3.ClientResourceStatus. `sent` has no word of its own there: the client was asked and has not answered. */
const CLIENT_STATUS = { acknowledged: 'ACKED', sent: 'REQUESTED', rejected: 'NACKED' } as const;

function state(sent: SentResource): JsonObject {
  return {
    versionInfo: sent.version,
    clientStatus: CLIENT_STATUS[sent.state],
    ...(sent.message === undefined ? {} : { errorState: { details: sent.message } }),
  };
}

/** A resource that the client had already when it connected was not sent: only its name and version are known. */
function body(sent: SentResource): JsonValue {
  if (sent.resource === undefined) return { name: sent.name };
  return { '@type': sent.resource.typeUrl, ...(dumpResource(sent.resource) as JsonObject) };
}
