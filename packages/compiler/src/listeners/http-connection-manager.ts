import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { ApiVersion, HttpProtocolOptions_HeadersWithUnderscoresAction } from '@heddle/envoy-api/core';
import {
  type HttpConnectionManager,
  HttpConnectionManager_CodecType,
  HttpConnectionManager_ForwardClientCertDetails,
  HttpConnectionManager_PathWithEscapedSlashesAction,
  HttpConnectionManagerSchema,
} from '@heddle/envoy-api/http-connection-manager';
import type { FilterSchema } from '@heddle/envoy-api/listener';
import type { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import { duration } from '../duration.ts';
import { httpFilters } from '../http-filters/order.ts';
import type { PluginFilters } from '../plugins/plugin-filters.ts';
import type { MeshSettings, PathNormalization } from '../settings.ts';
import { accessLogs } from './access-log.ts';

/**
 * Whom a connection manager serves: at the `edge` anybody, so it trusts nothing that is sent; as `sidecar` the workload beside it, for
 * which it should be invisible.
 */
export type ServingPlace = 'edge' | 'sidecar';

/** The routes of a connection manager: by name over ADS, or part of it. */
export type RoutesOf = string | MessageInitShape<typeof RouteConfigurationSchema>;

/**
 * The network filter that speaks HTTP on a listener.
 *
 * The defaults follow Envoy's "Configuring Envoy as an edge proxy" at the edge and Istio's at sidecars. Where the two differ, at the
 * edge:
 * - paths are normalised, slashes merged, and a path with `%2F` or `%5C` is answered with a redirect to its decoded form: a
 *   backend that decodes must not see another path than the routes (and later the policies) did, and a redirect, unlike a silent
 *   rewrite, is seen by the client. Istio keeps such paths as they are (KEEP_UNCHANGED).
 * - headers with underscores are refused with 400: many servers read `x_user` as `x-user`, past whoever removed the latter.
 * - what a client may hold open is bounded: ten seconds for a request's headers, five minutes of silence, 100 streams a connection.
 */
export function httpConnectionManager(
  place: ServingPlace,
  listener: string,
  routes: RoutesOf,
  settings: MeshSettings,
  plugins: PluginFilters,
  tellsClientCertificates = false,
): MessageInitShape<typeof FilterSchema> {
  const edge = place === 'edge';
  const manager = create(HttpConnectionManagerSchema, {
    codecType: HttpConnectionManager_CodecType.AUTO,
    statPrefix: typeof routes === 'string' ? `outbound_${listener}` : listener,
    routeSpecifier: routeSpecifier(routes),
    httpFilters: httpFilters(plugins),
    accessLog: accessLogs(settings),
    serverName: settings.serverName,

    useRemoteAddress: edge,
    xffNumTrustedHops: edge ? settings.trustedProxies : 0,
    // Endpoints are told who the client is by its certificate, and never what a client says of itself.
    ...(tellsClientCertificates
      ? {
          forwardClientCertDetails: HttpConnectionManager_ForwardClientCertDetails.SANITIZE_SET,
          setCurrentClientCertDetails: { subject: true, cert: true, dns: true, uri: true },
        }
      : { forwardClientCertDetails: HttpConnectionManager_ForwardClientCertDetails.SANITIZE }),
    generateRequestId: true,
    upgradeConfigs: [{ upgradeType: 'websocket' }],

    ...pathNormalization(edge, settings.pathNormalization),

    streamIdleTimeout: duration(300_000),
    ...(edge ? { requestHeadersTimeout: duration(10_000) } : {}),
    maxRequestHeadersKb: 60,
    commonHttpProtocolOptions: {
      idleTimeout: duration(3_600_000),
      maxHeadersCount: 100,
      headersWithUnderscoresAction: edge
        ? HttpProtocolOptions_HeadersWithUnderscoresAction.REJECT_REQUEST
        : HttpProtocolOptions_HeadersWithUnderscoresAction.ALLOW,
    },
    httpProtocolOptions: { acceptHttp10: false },
    http2ProtocolOptions: {
      maxConcurrentStreams: edge ? 100 : 1_000,
      initialStreamWindowSize: 65_536,
      initialConnectionWindowSize: 1_048_576,
    },
  });
  return {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { case: 'typedConfig', value: anyPack(HttpConnectionManagerSchema, manager) },
  };
}

function routeSpecifier(routes: RoutesOf): NonNullable<ManagerFields['routeSpecifier']> {
  if (typeof routes !== 'string') return { case: 'routeConfig', value: routes };
  return {
    case: 'rds',
    value: {
      routeConfigName: routes,
      configSource: {
        configSourceSpecifier: { case: 'ads', value: {} },
        resourceApiVersion: ApiVersion.V3,
        // Wait for the routes however long it takes: a listener without them would answer 404.
        initialFetchTimeout: duration(0),
      },
    },
  };
}

type ManagerFields = Exclude<MessageInitShape<typeof HttpConnectionManagerSchema>, HttpConnectionManager>;

/** MeshConfig's `pathNormalization` where it is written, as Istio's proxies have it; without it see {@link httpConnectionManager}. */
function pathNormalization(edge: boolean, wanted: PathNormalization): ManagerFields {
  const { KEEP_UNCHANGED, UNESCAPE_AND_FORWARD, UNESCAPE_AND_REDIRECT } =
    HttpConnectionManager_PathWithEscapedSlashesAction;
  const fields = (normalizePath: boolean, mergeSlashes: boolean, pathWithEscapedSlashesAction: number) =>
    ({ normalizePath, mergeSlashes, pathWithEscapedSlashesAction }) satisfies ManagerFields;
  switch (wanted) {
    case 'DEFAULT':
      return edge ? fields(true, true, UNESCAPE_AND_REDIRECT) : fields(true, false, KEEP_UNCHANGED);
    case 'NONE':
      return fields(false, false, KEEP_UNCHANGED);
    case 'BASE':
      return fields(true, false, KEEP_UNCHANGED);
    case 'MERGE_SLASHES':
      return fields(true, true, KEEP_UNCHANGED);
    case 'DECODE_AND_MERGE_SLASHES':
      return fields(true, true, UNESCAPE_AND_FORWARD);
  }
}
