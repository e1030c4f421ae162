import type { JsonObject } from '@bufbuild/protobuf';
import { parseDurationMs } from '@heddle/api';
import type { MeshSnapshot } from '@heddle/model';
import { ISTIO_ACCESS_LOG_JSON } from './listeners/access-log.ts';
import { createMemo, type Memo, noMemo } from './memo.ts';
import type { MeshConfig } from './mesh-objects.ts';
import { type AccessLogSettings, defaultMeshSettings, type MeshSettings } from './settings.ts';
import type { DefaultExport } from './visibility.ts';

/** Finds the settings that hold for a snapshot. */
export type SettingsOf = (snapshot: MeshSnapshot) => MeshSettings;

/**
 * The settings of a mesh, by precedence: what the program insists on (`overrides`, e.g. a command's flags), what the MeshConfig says,
 * what the program has for a base, and the defaults. As long as the MeshConfig is the same object, so are the settings.
 */
export function settingsOf(
  base: Partial<MeshSettings> | undefined,
  overrides: Partial<MeshSettings> | undefined,
  options: { readonly cache: boolean },
): SettingsOf {
  const memo = options.cache ? createMemo() : noMemo;
  const withoutConfig: MeshSettings = { ...defaultMeshSettings, ...base, ...overrides };
  const merge = (_memo: Memo, config: MeshConfig): MeshSettings => ({
    ...defaultMeshSettings,
    ...base,
    ...meshConfigSettings(config),
    ...overrides,
  });
  return (snapshot) => {
    const [config] = snapshot.list('MeshConfig');
    return config === undefined ? withoutConfig : memo.run(merge, config);
  };
}

/** What a MeshConfig says, and nothing for what it leaves open. */
export function meshConfigSettings({ spec }: MeshConfig): Partial<MeshSettings> {
  const { defaultConfig, outboundTrafficPolicy } = spec;
  const connectTimeoutMs = spec.connectTimeout === undefined ? undefined : parseDurationMs(spec.connectTimeout);
  const normalization = spec.pathNormalization?.normalization;
  return defined({
    rootNamespace: spec.rootNamespace,
    // REGISTRY_ONLY is the zero value: it is meant wherever a policy without mode is written (Istio).
    outboundTrafficPolicy:
      outboundTrafficPolicy === undefined
        ? undefined
        : outboundTrafficPolicy.mode === undefined || outboundTrafficPolicy.mode === 'REGISTRY_ONLY'
          ? ('REGISTRY_ONLY' as const)
          : ('ALLOW_ANY' as const),
    connectTimeoutMs,
    tcpKeepalive: spec.tcpKeepalive,
    proxyListenPort: spec.proxyListenPort,
    proxyInboundListenPort: spec.proxyInboundListenPort,
    inboundTrafficPolicy: spec.inboundTrafficPolicy?.mode,
    protocolDetectionTimeoutMs:
      spec.protocolDetectionTimeout === undefined ? undefined : parseDurationMs(spec.protocolDetectionTimeout),
    proxyHttpPort: spec.proxyHttpPort,
    accessLog: accessLogOf(spec),
    pathNormalization: normalization,
    defaultRetries: spec.defaultHttpRetryPolicy,
    defaultServiceExportTo: defaultExport(spec.defaultServiceExportTo),
    defaultVirtualServiceExportTo: defaultExport(spec.defaultVirtualServiceExportTo),
    defaultDestinationRuleExportTo: defaultExport(spec.defaultDestinationRuleExportTo),
    trustedProxies: defaultConfig?.gatewayTopology?.numTrustedProxies,
    serverName: defaultConfig?.proxyHeaders?.server?.value,
  });
}

function accessLogOf(spec: MeshConfig['spec']): AccessLogSettings | undefined {
  const { accessLogFile: path, accessLogFormat: format } = spec;
  if (path === undefined) return undefined;
  if (spec.accessLogEncoding !== 'JSON') return { path, ...(format === undefined ? {} : { format: asLine(format) }) };
  return { path, format: format === undefined ? ISTIO_ACCESS_LOG_JSON : (JSON.parse(format) as JsonObject) };
}

/** A text is one line of the log: Istio adds the end that is missing. */
function asLine(format: string): string {
  return format.endsWith('\n') ? format : `${format}\n`;
}

/** Of the targets Istio obeys `.` and `*` here, in this order; a list of others exports to nobody. */
function defaultExport(targets: readonly string[] | undefined): DefaultExport | undefined {
  if (targets === undefined || targets.length === 0) return undefined;
  return targets.includes('.') ? '.' : targets.includes('*') ? '*' : '~';
}

/** Without the keys whose value is undefined, so that spreading leaves what they would cover. */
function defined<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
