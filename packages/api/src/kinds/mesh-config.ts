import { accessLogFormat, jsonObject } from '../formats/access-log-format.ts';
import { dnsLabel, isDnsLabel } from '../formats/dns-name.ts';
import { duration, durationOrZero, parseDurationMs } from '../formats/duration.ts';
import { exportTarget, wildcardHost } from '../formats/host.ts';
import type { KindDeclaration } from '../kind.ts';
import {
  any,
  array,
  boolean,
  type Infer,
  inert,
  integer,
  object,
  pending,
  type ReportProblem,
  type StringFormat,
  string,
} from '../schema.ts';
import { portNumber } from './destination.ts';
import { HttpRetry } from './http-retry.ts';
import { LabelSelector } from './kubernetes/label-selector.ts';
import { MeshProxyConfig } from './mesh-proxy-config.ts';
import { ConnectionPoolSettings, OutlierDetection } from './traffic-policy.ts';

/** One name for the one object of the kind: that of the ConfigMap in which Istio keeps it. */
export const MESH_CONFIG_NAME = 'istio';

const meshConfigName: StringFormat = {
  name: 'mesh-config-name',
  check: (text) => (text === MESH_CONFIG_NAME ? undefined : `the name ${MESH_CONFIG_NAME}: a mesh has one MeshConfig`),
};

/** Istio's `ValidateTrustDomain`: DNS labels, with a dot at the end at most. */
const trustDomain: StringFormat = {
  name: 'trust-domain',
  check: (text) => {
    const labels = text.split('.');
    if (labels.length > 1 && labels.at(-1) === '') labels.pop();
    return labels.every(isDnsLabel) ? undefined : 'a domain such as cluster.local';
  },
};

/** Istio's `ValidateConnectTimeout`: from a millisecond to an hour. */
const connectTimeout: StringFormat = {
  name: 'connect-timeout',
  check: (text) => duration.check(text) ?? ((parseDurationMs(text) ?? 0) > 3_600_000 ? 'at most 1h' : undefined),
};

const keepalive = object({
  probes: integer({ minimum: 0, maximum: 4_294_967_295 }),
  time: string({ format: duration }),
  interval: string({ format: duration }),
});

const tlsConfig = object({
  minProtocolVersion: string({ values: ['TLS_AUTO', 'TLSV1_2', 'TLSV1_3'] }),
  ecdhCurves: array(string()),
  cipherSuites: array(string()),
});

/** Istio obeys `.` and `*` here and takes lists without either as nobody. */
const defaultExportTarget: StringFormat = {
  ...exportTarget,
  name: 'default-export-target',
  notApplied: (text) =>
    text === '*' || text === '.' || text === '~'
      ? undefined
      : `"${text}" is a namespace, which Istio does not obey as default either; applied here: "*", "." and "~"`,
};

const exportTargets = (what: string) =>
  array(string({ format: defaultExportTarget }), {
    maxItems: 1000,
    doc: `Whom ${what} are exported to that do not say it themselves; everybody if absent.`,
  });

/**
 * Istio `istio.mesh.v1alpha1.MeshConfig`: settings for the whole mesh (https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/).
 * No Kubernetes kind in Istio, but the text under the key `mesh` of the ConfigMap `istio`: sources read that, and files of
 * their own, as the `spec` of an object of this kind.
 */
export const MeshConfigSpec = object(
  {
    proxyListenPort: portNumber,
    proxyInboundListenPort: portNumber,
    proxyHttpPort: integer({
      minimum: 0,
      maximum: 65535,
      doc: 'Where sidecars serve as HTTP proxy, on 127.0.0.1; nowhere if absent.',
    }),
    connectTimeout: string({ format: connectTimeout, doc: 'To establish a connection to an endpoint; 10s if absent.' }),
    protocolDetectionTimeout: string({
      format: durationOrZero,
      doc: 'How long a connection of unknown protocol may be silent before it counts as plain TCP; 0s, the default: for ever.',
    }),
    tcpKeepalive: keepalive,
    ingressClass: pending(string()),
    ingressService: pending(string()),
    ingressControllerMode: pending(string({ values: ['UNSPECIFIED', 'OFF', 'DEFAULT', 'STRICT'] })),
    ingressSelector: pending(string()),
    enableTracing: pending(boolean()),
    accessLogFile: string({
      emptyIsAbsent: true,
      doc: 'Where proxies write their access log, such as /dev/stdout; nowhere if absent.',
    }),
    accessLogFormat: string({
      format: accessLogFormat,
      emptyIsAbsent: true,
      doc: 'A format string, or with accessLogEncoding JSON a JSON object of them; Istio’s default format if absent.',
    }),
    accessLogEncoding: string({ values: ['TEXT', 'JSON'], doc: 'TEXT if absent.' }),
    enableEnvoyAccessLogService: pending(boolean()),
    disableEnvoyListenerLog: pending(boolean()),
    defaultConfig: MeshProxyConfig,
    outboundTrafficPolicy: object({
      mode: string({
        values: ['REGISTRY_ONLY', 'ALLOW_ANY'],
        pendingValues: ['ALLOW_ANY_DYNAMIC_DNS'],
        doc: 'What becomes of connections to hosts that the mesh does not know; ALLOW_ANY if there is no outboundTrafficPolicy.',
      }),
      tls: pending(any()),
    }),
    inboundTrafficPolicy: object({
      mode: string({
        values: ['PASSTHROUGH', 'LOCALHOST'],
        doc: 'Where a sidecar speaks to its workload: at the address that was called, or at 127.0.0.1.',
      }),
    }),
    configSources: pending(array(any())),
    enableAutoMtls: pending(boolean()),
    trustDomain: pending(string({ format: trustDomain })),
    trustDomainAliases: pending(array(string({ format: trustDomain }))),
    caCertificates: pending(array(any())),
    defaultServiceExportTo: exportTargets('Services and ServiceEntries'),
    defaultVirtualServiceExportTo: exportTargets('VirtualServices'),
    defaultDestinationRuleExportTo: exportTargets('DestinationRules'),
    rootNamespace: string({
      format: dnsLabel,
      emptyIsAbsent: true,
      doc: 'The namespace whose rules apply where no nearer one does; istio-system if absent.',
    }),
    localityLbSetting: pending(any()),
    zoneAwareLbSetting: pending(any()),
    dnsRefreshRate: pending(string({ format: duration })),
    h2UpgradePolicy: pending(string({ values: ['DO_NOT_UPGRADE', 'UPGRADE'] })),
    inboundClusterStatName: pending(string()),
    outboundClusterStatName: pending(string()),
    certificates: pending(array(any())),
    serviceSettings: pending(
      array(object({ settings: object({ clusterLocal: boolean() }), hosts: array(string({ format: wildcardHost })) })),
    ),
    serviceScopeConfigs: pending(array(any())),
    serviceEntryVisibility: pending(any()),
    enablePrometheusMerge: inert(boolean()),
    verifyCertificateAtClient: pending(boolean()),
    ca: pending(any()),
    extensionProviders: pending(array(any())),
    defaultProviders: pending(any()),
    discoverySelectors: pending(array(LabelSelector)),
    pathNormalization: object({
      normalization: string({
        values: ['DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'],
        doc: 'What is done to paths before routes are matched. DEFAULT, or nothing: BASE at sidecars; gateways also merge slashes and redirect paths with encoded ones.',
      }),
    }),
    defaultHttpRetryPolicy: HttpRetry,
    defaultInboundHttpRetryPolicy: pending(HttpRetry),
    meshMTLS: pending(tlsConfig),
    tlsDefaults: pending(tlsConfig),
    defaultTrafficPolicy: pending(
      object({ connectionPool: ConnectionPoolSettings, outlierDetection: OutlierDetection }),
    ),
  },
  { check: (spec, report) => checkMeshConfig(spec, report) },
);
export type MeshConfigSpec = Infer<typeof MeshConfigSpec>;

function checkMeshConfig(spec: MeshConfigSpec, report: ReportProblem): void {
  if ((spec.meshMTLS?.ecdhCurves?.length ?? 0) > 0)
    report({ path: ['meshMTLS', 'ecdhCurves'], message: 'found ecdhCurves in meshMTLS', wanted: 'none' });
  const ports = { proxyListenPort: 15_001, proxyInboundListenPort: 15_006, ...spec };
  const listened = (['proxyListenPort', 'proxyInboundListenPort', 'proxyHttpPort'] as const).filter(
    (name) => ports[name],
  );
  for (const [index, name] of listened.entries()) {
    const other = listened.slice(0, index).find((earlier) => ports[earlier] === ports[name]);
    if (other !== undefined && spec[name] !== undefined) {
      report({ path: [name], message: `found port ${ports[name]}, which is ${other} already`, wanted: 'another port' });
    } else if (other !== undefined) {
      report({
        path: [other],
        message: `found port ${ports[other]}, which is ${name} already`,
        wanted: 'another port',
      });
    }
  }
  const inbound = spec.defaultInboundHttpRetryPolicy;
  if (inbound !== undefined && (inbound.attempts ?? 0) === 0 && inbound.backoff !== undefined) {
    report({
      path: ['defaultInboundHttpRetryPolicy', 'backoff'],
      message: 'found backoff although attempts is 0, which switches retries off',
      wanted: 'attempts above 0',
    });
  }
  if (
    spec.accessLogEncoding === 'JSON' &&
    spec.accessLogFormat !== undefined &&
    jsonObject(spec.accessLogFormat) === undefined
  ) {
    report({ path: ['accessLogFormat'], message: 'found a format that is no JSON object', wanted: 'a JSON object' });
  }
}

export const MeshConfig: KindDeclaration<'MeshConfig', MeshConfigSpec> = {
  kind: 'MeshConfig',
  group: 'mesh.istio.io',
  versions: ['v1alpha1'],
  scope: 'cluster',
  plural: 'meshconfigs',
  nameFormat: meshConfigName,
  spec: MeshConfigSpec,
};
