import { labelKey, labelValue } from '../formats/label.ts';
import { moduleUrl } from '../formats/module-url.ts';
import type { KindDeclaration } from '../kind.ts';
import {
  any,
  array,
  type Infer,
  integer,
  map,
  object,
  pending,
  type ReportProblem,
  required,
  type StringFormat,
  string,
} from '../schema.ts';
import { portNumber } from './destination.ts';
import { IstioStatus } from './istio-status.ts';

const moduleHash: StringFormat = {
  name: 'module-hash',
  check: (text) => (/^[0-9A-Fa-f]{64}$/.test(text) ? undefined : 'the SHA-256 of the module: 64 hexadecimal digits'),
};

/** A name that the environment of a process can have. */
const environmentName: StringFormat = {
  name: 'environment-name',
  check: (text) =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a zero byte ends names in an environment
    /^[^=\0]{1,255}$/.test(text) ? undefined : 'a name of at most 255 characters without "="',
};

/** Istio `PolicyTargetReference`. */
const TargetReference = object({
  group: string(),
  kind: required(string()),
  name: required(string()),
  namespace: string(),
});

const TrafficSelector = object({
  mode: string({
    values: ['UNDEFINED', 'CLIENT', 'SERVER', 'CLIENT_AND_SERVER'],
    doc: 'CLIENT: what the workload calls, and all of a gateway; SERVER: what calls the workload. Both if absent.',
  }),
  ports: array(object({ number: required(portNumber) }), {
    maxItems: 256,
    doc: 'Ports of the listeners: the workload’s own for what calls it, the services’ or the gateway’s else. All if absent.',
  }),
});

const EnvironmentVariable = object({
  name: required(string({ format: environmentName })),
  valueFrom: string({ values: ['INLINE', 'HOST'], doc: 'HOST: the proxy’s own environment; INLINE if absent.' }),
  value: string({ maxLength: 2048 }),
});

/**
 * Istio `extensions.istio.io WasmPlugin`: a Proxy-Wasm module in the way of requests
 * (https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/).
 */
export const WasmPluginSpec = object(
  {
    selector: object({
      matchLabels: map(string({ format: labelValue }), {
        keys: labelKey,
        maxEntries: 4096,
        doc: 'Whose proxies run it; without, those of the namespace, and in the root namespace all.',
      }),
    }),
    targetRef: pending(TargetReference),
    targetRefs: pending(array(TargetReference, { maxItems: 16 })),
    url: required(string({ format: moduleUrl, minLength: 1, doc: 'Where the module is.' })),
    sha256: string({ format: moduleHash, emptyIsAbsent: true, doc: 'What the module must be.' }),
    // Says when to fetch what is not a file.
    imagePullPolicy: pending(string({ values: ['UNSPECIFIED_POLICY', 'IfNotPresent', 'Always'] })),
    imagePullSecret: pending(string({ maxLength: 256, emptyIsAbsent: true })),
    verificationKey: pending(string({ emptyIsAbsent: true })),
    pluginConfig: map(any(), { doc: 'What the plugin is told, as JSON text.' }),
    pluginName: string({ maxLength: 256, emptyIsAbsent: true, doc: 'Which of the module’s plugins (root_id).' }),
    phase: string({
      values: ['UNSPECIFIED_PHASE', 'AUTHN', 'AUTHZ', 'STATS'],
      doc: 'Where it stands among the filters; UNSPECIFIED_PHASE is after the others, before the router.',
    }),
    priority: integer({
      minimum: -2_147_483_648,
      maximum: 2_147_483_647,
      doc: 'Among plugins of a phase the larger comes first; 0 if absent.',
    }),
    failStrategy: string({
      values: ['FAIL_CLOSE', 'FAIL_OPEN', 'FAIL_RELOAD'],
      doc: 'What becomes of requests when the plugin cannot run.',
    }),
    vmConfig: object({ env: array(EnvironmentVariable, { maxItems: 256 }) }),
    match: array(TrafficSelector, { doc: 'Which traffic passes it: what any of these says; all if absent.' }),
    type: string({
      values: ['UNSPECIFIED_PLUGIN_TYPE', 'HTTP'],
      pendingValues: ['NETWORK'],
      doc: 'Whether it reads HTTP or connections.',
    }),
  },
  { check: (spec, report) => checkWasmPlugin(spec, report) },
);
export type WasmPluginSpec = Infer<typeof WasmPluginSpec>;

function checkWasmPlugin(spec: WasmPluginSpec, report: ReportProblem): void {
  const { selector, targetRef, targetRefs = [], vmConfig, match = [] } = spec;
  const named = [
    ...(selector === undefined ? [] : ['selector']),
    ...(targetRef === undefined ? [] : ['targetRef']),
    ...(targetRefs.length === 0 ? [] : ['targetRefs']),
  ];
  if (named.length > 1) report({ message: `found ${named.join(' and ')}`, wanted: 'only one of them' });
  const names = new Set<string>();
  for (const [index, { name, value, valueFrom }] of (vmConfig?.env ?? []).entries()) {
    const path = ['vmConfig', 'env', index];
    if (names.has(name)) report({ path: [...path, 'name'], message: `found "${name}" twice`, wanted: 'each once' });
    names.add(name);
    if (valueFrom === 'HOST' && (value ?? '') !== '') {
      report({ path: [...path, 'value'], message: 'found a value with valueFrom HOST', wanted: 'none' });
    }
  }
  for (const [index, { ports = [] }] of match.entries()) {
    const seen = new Set<number>();
    for (const [place, { number }] of ports.entries()) {
      const path = ['match', index, 'ports', place, 'number'];
      if (seen.has(number)) report({ path, message: `found port ${number} twice`, wanted: 'each once' });
      seen.add(number);
    }
  }
}

export const WasmPlugin: KindDeclaration<'WasmPlugin', WasmPluginSpec> = {
  kind: 'WasmPlugin',
  group: 'extensions.istio.io',
  versions: ['v1alpha1'],
  scope: 'namespaced',
  plural: 'wasmplugins',
  appliedMetadata: ['annotations'],
  spec: WasmPluginSpec,
  status: IstioStatus,
};
