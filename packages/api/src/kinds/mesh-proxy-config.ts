import { isHostName } from '../formats/dns-name.ts';
import { duration, durationOrZero } from '../formats/duration.ts';
import { headerText } from '../formats/header.ts';
import { isIpAddress } from '../formats/ip-address.ts';
import {
  any,
  array,
  boolean,
  inert,
  inertFields,
  integer,
  map,
  object,
  pending,
  type StringFormat,
  string,
} from '../schema.ts';
import { portNumber } from './destination.ts';

/** `HOST:PORT`, with IPv6 addresses in brackets (Istio's `ValidateProxyAddress`). */
const hostAndPort: StringFormat = {
  name: 'host-and-port',
  check: (text) => {
    const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
    const host = parts?.[1] ?? parts?.[2] ?? '';
    const port = Number(parts?.[3] ?? 0);
    return port >= 1 && port <= 65535 && (isHostName(host) || isIpAddress(host)) ? undefined : 'HOST:PORT';
  },
};

/** `drainDuration` counts whole seconds. */
const seconds: StringFormat = {
  name: 'duration-seconds',
  check: (text) => duration.check(text) ?? (/^\d+(?:s|m|h)$/.test(text) ? undefined : 'whole seconds, such as 45s'),
};

const FORWARD_CLIENT_CERT = [
  'UNDEFINED',
  'SANITIZE',
  'FORWARD_ONLY',
  'APPEND_FORWARD',
  'SANITIZE_SET',
  'ALWAYS_FORWARD_ONLY',
] as const;

const toggle = object({ disabled: boolean() });
const wanted = object({ enabled: boolean() });
const remoteService = object({ address: string({ format: hostAndPort }), tlsSettings: any(), tcpKeepalive: any() });
const size = (minimum: number) => integer({ minimum, maximum: 2_147_483_647 });

/**
 * Istio `ProxyConfig`, as MeshConfig's `defaultConfig` gives it to every proxy
 * (https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig). What only a proxy's start asks for is inert
 * until something starts proxies by it.
 */
export const MeshProxyConfig = object(
  {
    ...inertFields({
      configPath: string(),
      binaryPath: string(),
      customConfigFile: string(),
      proxyBootstrapTemplatePath: string(),
      availabilityZone: string(),
      discoveryRefreshDelay: string(),
      controlPlaneAuthPolicy: string({ values: ['NONE', 'MUTUAL_TLS', 'INHERIT'] }),
      sds: any(),
      image: object({ imageType: string() }),
    }),
    serviceCluster: pending(string({ minLength: 1 })),
    tracingServiceName: pending(
      string({ values: ['APP_LABEL_AND_NAMESPACE', 'CANONICAL_NAME_ONLY', 'CANONICAL_NAME_AND_NAMESPACE'] }),
    ),
    drainDuration: pending(string({ format: seconds })),
    terminationDrainDuration: pending(string({ format: durationOrZero })),
    discoveryAddress: pending(string({ format: hostAndPort })),
    proxyAdminPort: pending(portNumber),
    statusPort: pending(portNumber),
    statNameLength: pending(size(0)),
    concurrency: pending(size(0)),
    interceptionMode: pending(string({ values: ['REDIRECT', 'TPROXY', 'NONE'] })),
    zipkinAddress: pending(string()),
    statsdUdpAddress: pending(string({ format: hostAndPort })),
    envoyMetricsServiceAddress: pending(string({ format: hostAndPort })),
    envoyAccessLogService: pending(remoteService),
    envoyMetricsService: pending(remoteService),
    tracing: pending(any()),
    proxyMetadata: pending(map(string())),
    runtimeValues: pending(map(string())),
    extraStatTags: pending(array(string())),
    meshId: pending(string()),
    readinessProbe: pending(any()),
    proxyStatsMatcher: pending(
      object({
        inclusionPrefixes: array(string()),
        inclusionSuffixes: array(string()),
        inclusionRegexps: array(string()),
      }),
    ),
    holdApplicationUntilProxyStarts: pending(boolean()),
    caCertificatesPem: pending(array(string())),
    privateKeyProvider: pending(any()),
    fileFlushInterval: pending(string({ format: durationOrZero })),
    fileFlushMinSizeKb: pending(size(0)),
    statsCompression: inert(boolean()),
    gatewayTopology: object({
      numTrustedProxies: integer({
        minimum: 0,
        maximum: 255,
        doc: 'How many proxies before a gateway are believed about the address of the client (x-forwarded-for); 0 if absent.',
      }),
      forwardClientCertDetails: pending(string({ values: FORWARD_CLIENT_CERT })),
      proxyProtocol: pending(object({})),
    }),
    proxyHeaders: object({
      server: object({
        disabled: pending(boolean()),
        value: string({
          emptyIsAbsent: true,
          format: headerText,
          doc: 'The server header of answers; istio-envoy if absent.',
        }),
      }),
      forwardedClientCert: pending(string({ values: FORWARD_CLIENT_CERT })),
      setCurrentClientCertDetails: pending(
        object({ subject: boolean(), cert: boolean(), chain: boolean(), dns: boolean(), uri: boolean() }),
      ),
      requestId: pending(toggle),
      attemptCount: pending(toggle),
      envoyDebugHeaders: pending(toggle),
      metadataExchangeHeaders: pending(object({ mode: string({ values: ['UNDEFINED', 'IN_MESH'] }) })),
      preserveHttp1HeaderCase: pending(boolean()),
      xForwardedHost: pending(wanted),
      xForwardedPort: pending(wanted),
    }),
    connectionSettings: pending(
      object({
        profile: string({ values: ['SIDECAR', 'EDGE'] }),
        listenerPerConnectionBufferLimitBytes: size(0),
        clusterPerConnectionBufferLimitBytes: size(0),
        httpIdleTimeout: string({ format: durationOrZero }),
        httpMaxConnectionDuration: string({ format: durationOrZero }),
        httpDrainTimeout: string({ format: durationOrZero }),
        httpRequestTimeout: string({ format: durationOrZero }),
        httpRequestHeadersTimeout: string({ format: durationOrZero }),
        httpStreamIdleTimeout: string({ format: durationOrZero }),
        httpMaxStreamDuration: string({ format: durationOrZero }),
        httpMaxConcurrentStreams: size(1),
        http2InitialStreamWindowSize: size(65_535),
        http2InitialConnectionWindowSize: size(65_535),
        httpHeadersWithUnderscoresAction: string(),
        httpMergeSlashes: boolean(),
        httpPathWithEscapedSlashesAction: string(),
        listenerConnectionLimit: size(1),
        globalDownstreamConnectionLimit: size(1),
      }),
    ),
  },
  { oneOf: [{ fields: ['serviceCluster', 'tracingServiceName'], wanted: 'atMostOne' }] },
);
