import { HttpProtocolOptions_HeadersWithUnderscoresAction as UnderscoresAction } from '@heddle/envoy-api/core';
import {
  HttpConnectionManager_CodecType as CodecType,
  HttpConnectionManager_ForwardClientCertDetails as ForwardClientCert,
  type HttpConnectionManager,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from '@heddle/envoy-api/http-connection-manager';
import type { PathNormalization } from '@heddle/routing';
import { durationMs } from '../duration.ts';
import type { ClientCertificateDetails } from '../tls/peer-certificate.ts';
import { type AddressRange, addressRanges } from './address-range.ts';

/** An HTTP connection manager as the gateway obeys it: units in names, defaults as Envoy documents them. */
export interface ConnectionManagerSettings {
  readonly codec: 'auto' | 'http1' | 'http2';
  readonly serverName: string;
  readonly serverHeader: 'overwrite' | 'append-if-absent' | 'pass-through';
  readonly via: string;
  readonly useRemoteAddress: boolean;
  readonly xffTrustedHops: number;
  readonly skipXffAppend: boolean;
  readonly appendXForwardedPort: boolean;
  readonly internalRanges: readonly AddressRange[];
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  /** What happens to `x-forwarded-client-cert`. */
  readonly forwardedClientCert: ForwardMode;
  readonly clientCertDetails: ClientCertificateDetails;
  readonly path: PathNormalization;
  readonly stripPort: 'no' | 'matching' | 'any';
  readonly stripTrailingHostDot: boolean;
  readonly underscores: 'allow' | 'reject' | 'drop';
  readonly maxHeadersCount: number;
  readonly maxRequestHeaderBytes: number;
  readonly acceptHttp10: boolean;
  readonly defaultHostForHttp10: string;
  readonly enableTrailers: boolean;
  readonly proxy100Continue: boolean;
  /** Protocols that may be upgraded to, in lower case. */
  readonly upgrades: ReadonlySet<string>;
  readonly schemeOverwrite: string | undefined;
  /** 0 = no limit, for all times below. */
  readonly idleTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestHeadersTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  readonly maxStreamDurationMs: number;
  readonly drainTimeoutMs: number;
  readonly maxRequestsPerConnection: number;
  readonly http2: {
    readonly maxConcurrentStreams: number;
    readonly initialStreamWindowBytes: number;
    readonly initialConnectionWindowBytes: number;
  };
}

/** Names of `forward_client_cert_details`, shorter. */
type ForwardMode = 'sanitize' | 'forward' | 'append' | 'set' | 'always-forward';

const FORWARD_MODES: Readonly<Record<number, ForwardMode>> = {
  [ForwardClientCert.SANITIZE]: 'sanitize',
  [ForwardClientCert.FORWARD_ONLY]: 'forward',
  [ForwardClientCert.APPEND_FORWARD]: 'append',
  [ForwardClientCert.SANITIZE_SET]: 'set',
  [ForwardClientCert.ALWAYS_FORWARD_ONLY]: 'always-forward',
};

/** Reads the connection manager; what changes traffic and is not implemented is said in `problems`. */
export function connectionManagerSettings(
  manager: HttpConnectionManager,
  problems: string[],
): ConnectionManagerSettings {
  reportUnimplemented(manager, problems);
  const common = manager.commonHttpProtocolOptions;
  const http2 = manager.http2ProtocolOptions;
  return {
    codec: codecOf(manager.codecType, problems),
    serverName: manager.serverName === '' ? 'envoy' : manager.serverName,
    serverHeader: serverHeaderOf(manager.serverHeaderTransformation),
    via: manager.via,
    useRemoteAddress: manager.useRemoteAddress ?? false,
    xffTrustedHops: manager.xffNumTrustedHops,
    skipXffAppend: manager.skipXffAppend,
    appendXForwardedPort: manager.appendXForwardedPort,
    internalRanges: addressRanges(manager.internalAddressConfig?.cidrRanges ?? [], problems),
    generateRequestId: manager.generateRequestId ?? true,
    preserveExternalRequestId: manager.preserveExternalRequestId,
    alwaysSetRequestIdInResponse: manager.alwaysSetRequestIdInResponse,
    forwardedClientCert: FORWARD_MODES[manager.forwardClientCertDetails] ?? 'sanitize',
    clientCertDetails: {
      cert: manager.setCurrentClientCertDetails?.cert ?? false,
      subject: manager.setCurrentClientCertDetails?.subject ?? false,
      uri: manager.setCurrentClientCertDetails?.uri ?? false,
      dns: manager.setCurrentClientCertDetails?.dns ?? false,
    },
    path: {
      normalizePath: manager.normalizePath ?? false,
      mergeSlashes: manager.mergeSlashes,
      pathWithEscapedSlashesAction: manager.pathWithEscapedSlashesAction,
    },
    stripPort: stripPortOf(manager),
    stripTrailingHostDot: manager.stripTrailingHostDot,
    underscores: underscoresOf(common?.headersWithUnderscoresAction),
    maxHeadersCount: common?.maxHeadersCount ?? 100,
    maxRequestHeaderBytes: (manager.maxRequestHeadersKb ?? 60) * 1024,
    acceptHttp10: manager.httpProtocolOptions?.acceptHttp10 ?? false,
    defaultHostForHttp10: manager.httpProtocolOptions?.defaultHostForHttp10 ?? '',
    enableTrailers: manager.httpProtocolOptions?.enableTrailers ?? false,
    proxy100Continue: manager.proxy100Continue,
    upgrades: new Set(
      manager.upgradeConfigs
        .filter(({ enabled }) => enabled !== false)
        .map((config) => config.upgradeType.toLowerCase()),
    ),
    schemeOverwrite: manager.schemeHeaderTransformation?.transformation.value,
    idleTimeoutMs: durationMs(common?.idleTimeout, 3_600_000),
    streamIdleTimeoutMs: durationMs(manager.streamIdleTimeout, 300_000),
    requestTimeoutMs: durationMs(manager.requestTimeout, 0),
    requestHeadersTimeoutMs: durationMs(manager.requestHeadersTimeout, 0),
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration, 0),
    maxStreamDurationMs: durationMs(common?.maxStreamDuration, 0),
    drainTimeoutMs: durationMs(manager.drainTimeout, 5000),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    http2: {
      maxConcurrentStreams: http2?.maxConcurrentStreams ?? 1024,
      initialStreamWindowBytes: http2?.initialStreamWindowSize ?? 16 * 1024 * 1024,
      initialConnectionWindowBytes: http2?.initialConnectionWindowSize ?? 24 * 1024 * 1024,
    },
  };
}

function reportUnimplemented(manager: HttpConnectionManager, problems: string[]): void {
  const absent: readonly [boolean, string][] = [
    [manager.localReplyConfig !== undefined, 'local_reply_config'],
    [manager.tracing !== undefined, 'tracing'],
    [manager.originalIpDetectionExtensions.length > 0, 'original_ip_detection_extensions'],
    [manager.earlyHeaderMutationExtensions.length > 0, 'early_header_mutation_extensions'],
    [manager.pathNormalizationOptions !== undefined, 'path_normalization_options'],
    [manager.requestIdExtension !== undefined && !isUuidRequestId(manager), 'request_id_extension'],
    [manager.proxy100Continue, 'proxy_100_continue'],
    [manager.httpProtocolOptions?.allowChunkedLength ?? false, 'allow_chunked_length'],
  ];
  for (const [found, field] of absent) {
    if (found) problems.push(`${field} is not implemented and has no effect`);
  }
}

function isUuidRequestId(manager: HttpConnectionManager): boolean {
  const typeUrl = manager.requestIdExtension?.typedConfig?.typeUrl ?? '';
  return typeUrl === '' || typeUrl.endsWith('/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig');
}

function codecOf(codec: CodecType, problems: string[]): ConnectionManagerSettings['codec'] {
  switch (codec) {
    case CodecType.HTTP1:
      return 'http1';
    case CodecType.HTTP2:
      return 'http2';
    case CodecType.HTTP3:
      problems.push('codec_type HTTP3 is not implemented, wanted AUTO, HTTP1 or HTTP2');
      return 'auto';
    default:
      return 'auto';
  }
}

function serverHeaderOf(transformation: ServerHeader): ConnectionManagerSettings['serverHeader'] {
  switch (transformation) {
    case ServerHeader.APPEND_IF_ABSENT:
      return 'append-if-absent';
    case ServerHeader.PASS_THROUGH:
      return 'pass-through';
    default:
      return 'overwrite';
  }
}

function stripPortOf(manager: HttpConnectionManager): ConnectionManagerSettings['stripPort'] {
  if (manager.stripPortMode.case === 'stripAnyHostPort' && manager.stripPortMode.value) return 'any';
  return manager.stripMatchingHostPort ? 'matching' : 'no';
}

function underscoresOf(action: UnderscoresAction | undefined): ConnectionManagerSettings['underscores'] {
  switch (action) {
    case UnderscoresAction.REJECT_REQUEST:
      return 'reject';
    case UnderscoresAction.DROP_HEADER:
      return 'drop';
    default:
      return 'allow';
  }
}
