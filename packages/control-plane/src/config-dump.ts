import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { dumpResource } from '@heddle/compiler/dump';
import type { ConfigDump, SentResource } from '@heddle/discovery';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '@heddle/envoy-api';
import { ThreadSlice } from './thread-slice.ts';

/**
 * What a proxy was sent, as Envoy's own `/config_dump?include_eds` would show it (envoy.admin.v3.ConfigDump in protobuf JSON), so that
 * tools which read one read the other. A resource that the proxy rejected carries `errorState`. Of secrets only names and versions are
 * shown. Large dumps are made in slices, so that whoever serves requests on the same thread is not held up.
 */
export async function configDumpJson(dump: ConfigDump): Promise<JsonObject> {
  const slice = new ThreadSlice();
  const list = async (typeUrl: string, print: (sent: SentResource) => JsonObject): Promise<JsonObject[]> => {
    const printed: JsonObject[] = [];
    for (const sent of dump.get(typeUrl) ?? []) {
      printed.push(print(sent));
      if (slice.isSpent) await slice.nextTurn();
    }
    return printed;
  };
  return {
    configs: [
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
        dynamicActiveClusters: await list(CLUSTER_TYPE_URL, (sent) => ({ ...state(sent), cluster: body(sent) })),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
        dynamicListeners: await list(LISTENER_TYPE_URL, (sent) => {
          const { versionInfo, ...rest } = state(sent);
          return { name: sent.name, activeState: { versionInfo: versionInfo ?? '', listener: body(sent) }, ...rest };
        }),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
        dynamicRouteConfigs: await list(ROUTE_CONFIGURATION_TYPE_URL, (sent) => ({
          ...state(sent),
          routeConfig: body(sent),
        })),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.EndpointsConfigDump',
        dynamicEndpointConfigs: await list(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, (sent) => ({
          ...state(sent),
          endpointConfig: body(sent),
        })),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.EcdsConfigDump',
        ecdsFilters: await list(EXTENSION_CONFIG_TYPE_URL, (sent) => ({ ...state(sent), ecdsFilter: body(sent) })),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
        dynamicActiveSecrets: await list(SECRET_TYPE_URL, (sent) => ({ name: sent.name, ...state(sent) })),
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
    ...(sent.message === undefined ? {} : { errorState: { details: sent.message, versionInfo: sent.version } }),
  };
}

/** A resource that the client had already when it connected was not sent: only its name and version are known. */
function body(sent: SentResource): JsonValue {
  if (sent.resource === undefined) return { name: sent.name };
  return { '@type': sent.resource.typeUrl, ...(dumpResource(sent.resource) as JsonObject) };
}
