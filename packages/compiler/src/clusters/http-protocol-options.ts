import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import type {
  HttpProtocolOptionsSchema as CommonOptionsSchema,
  Http2ProtocolOptionsSchema,
} from '@heddle/envoy-api/core';
import { type HttpProtocolOptions, HttpProtocolOptionsSchema } from '@heddle/envoy-api/extensions/upstreams/http';
import { duration } from '../duration.ts';
import { isHttp, isHttp2, type PortProtocol } from '../registry/port-protocol.ts';
import type { AutomaticNames } from '../tls/upstream-context.ts';
import { type ConnectionPool, milliseconds, positive } from './connection-pool.ts';

const HTTP_PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

type Http2Options = MessageInitShape<typeof Http2ProtocolOptionsSchema>;
type CommonOptions = MessageInitShape<typeof CommonOptionsSchema>;
type ProtocolChoice = HttpProtocolOptions['upstreamProtocolOptions']['case'];

/** Envoy, "Configuring Envoy as an edge proxy": what one stream and one connection may hold in memory. */
const WINDOWS = { initialStreamWindowSize: 65_536, initialConnectionWindowSize: 1_048_576 } satisfies Http2Options;

/** Which HTTP is spoken to endpoints. */
export type UpstreamHttp = 'http1' | 'http2' | 'as-the-client';

/**
 * The HTTP of a port, after Istio's `setUpstreamProtocol` and `shouldH2Upgrade`: HTTP/2 where the port is declared to speak it or an
 * upgrade is asked for, what the client speaks where that is asked for or a sidecar has to find it out, else HTTP/1.1.
 */
export function upstreamHttp(protocol: PortProtocol, pool: ConnectionPool | undefined, sniffs: boolean): UpstreamHttp {
  const { useClientProtocol, h2UpgradePolicy } = pool?.http ?? {};
  if (useClientProtocol === true) return 'as-the-client';
  if (isHttp2(protocol) || h2UpgradePolicy === 'UPGRADE') return 'http2';
  return sniffs && protocol === 'undeclared' ? 'as-the-client' : 'http1';
}

/** `typed_extension_protocol_options` of a cluster; nothing for ports that speak no HTTP and of which nothing is asked. */
export function httpProtocolOptions(
  protocol: PortProtocol,
  http: UpstreamHttp,
  pool: ConnectionPool | undefined,
  names?: AutomaticNames,
): Record<string, Any> {
  const common = commonOptions(pool);
  const speaksHttp = isHttp(protocol) || protocol === 'undeclared' || http !== 'http1';
  if (!speaksHttp && common === undefined) return {};
  const http2: Http2Options = { ...WINDOWS, ...http2Limits(pool) };
  const options = create(HttpProtocolOptionsSchema, {
    ...(common === undefined ? {} : { commonHttpProtocolOptions: common }),
    ...(names === undefined || !names.autoSni ? {} : { upstreamHttpProtocolOptions: { ...names } }),
    upstreamProtocolOptions:
      http === 'as-the-client'
        ? {
            case: 'useDownstreamProtocolConfig' satisfies ProtocolChoice,
            value: { httpProtocolOptions: {}, http2ProtocolOptions: http2 },
          }
        : {
            case: 'explicitHttpConfig' satisfies ProtocolChoice,
            value: {
              protocolConfig:
                http === 'http2'
                  ? { case: 'http2ProtocolOptions', value: http2 }
                  : { case: 'httpProtocolOptions', value: {} },
            },
          },
  });
  return { [HTTP_PROTOCOL_OPTIONS]: anyPack(HttpProtocolOptionsSchema, options) };
}

function commonOptions({ http = {}, tcp = {} }: ConnectionPool = {}): CommonOptions | undefined {
  // The time-out for HTTP stands before the one for TCP, which is taken where there is no other.
  const idleMs = milliseconds(http.idleTimeout) ?? milliseconds(tcp.idleTimeout);
  const longestMs = milliseconds(tcp.maxConnectionDuration);
  const options: CommonOptions = {
    ...(idleMs === undefined ? {} : { idleTimeout: duration(idleMs) }),
    ...(longestMs === undefined ? {} : { maxConnectionDuration: duration(longestMs) }),
    ...(positive(http.maxRequestsPerConnection) ? { maxRequestsPerConnection: http.maxRequestsPerConnection } : {}),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}

function http2Limits({ http = {} }: ConnectionPool = {}): Http2Options {
  const { http2KeepAlive, maxConcurrentStreams } = http;
  return {
    ...(positive(maxConcurrentStreams) ? { maxConcurrentStreams } : {}),
    ...(http2KeepAlive === undefined
      ? {}
      : {
          connectionKeepalive: {
            interval: duration(milliseconds(http2KeepAlive.interval) ?? 0),
            timeout: duration(milliseconds(http2KeepAlive.timeout) ?? 0),
          },
        }),
  };
}
