/*
 * Whatever validation accepts, Envoy accepts: objects are made from the declarations at random, compiled, and given to a real Envoy to
 * judge. What it refuses is narrowed down to the objects that it takes to be refused.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toJson } from '@bufbuild/protobuf';
import { type AnyObject, type KindName, MESH_CONFIG_NAME, parseObject } from '@heddle/api';
import { createCompiler } from '@heddle/compiler';
import { staticBootstrap } from '@heddle/compiler/bootstrap';
import { BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { registry } from '@heddle/envoy-api/registry';
import { MeshSnapshot, type ProxyNode, type ProxyType, viewOf } from '@heddle/model';
import { arbitraryManifest, type Manifest } from '@heddle/testing/arbitrary-object';
import { testAuthority } from '@heddle/testing/certificates';
import { compileModule } from '@heddle/testing/compile-module';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { requireEnvoy } from '../support/require-envoy.ts';

const envoy = await requireEnvoy();
const folder = mkdtempSync(join(tmpdir(), 'heddle-accepts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
/** Envoy's start dominates: many objects are judged at once. */
const PER_KIND: Readonly<Record<KindName, number>> = {
  Namespace: 2,
  Pod: 10,
  Deployment: 5,
  Service: 15,
  Gateway: 10,
  VirtualService: 60,
  DestinationRule: 15,
  ServiceEntry: 15,
  Secret: 0,
  MeshConfig: 1,
  Sidecar: 2,
  WasmPlugin: 15,
};

/** Opens port 80 for every host, so that routes have somewhere to be. */
const gateway: Manifest = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'everything', namespace: 'default' },
  spec: {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
  },
};

/** Settings under the name that they must have; their log goes where every machine lets it, and nothing is hidden from the proxy. */
function settingsOf(manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests.map((one) => {
    const spec = Object.entries(one.spec as object).filter(([field]) => !field.endsWith('ExportTo'));
    const adjusted = spec.map(([field, value]) => [field, field === 'accessLogFile' ? '/dev/null' : value]);
    return { ...one, metadata: { name: MESH_CONFIG_NAME }, spec: Object.fromEntries(adjusted) };
  });
}

/** Objects of all kinds, those that refer to others made to refer to some that are there. */
function manifestsOf(seed: number, proxy: ProxyType): readonly Manifest[] {
  const sample = (kind: KindName): readonly Manifest[] =>
    fc.sample(arbitraryManifest(kind), { numRuns: PER_KIND[kind], seed }).map((manifest, index) => ({
      ...manifest,
      metadata: { ...manifest.metadata, name: `${kind.toLowerCase()}-${index}` },
    }));
  const services = sample('Service');
  const entries = sample('ServiceEntry');
  const hosts = [
    ...services.map(({ metadata }) => metadata.name),
    ...entries.flatMap(({ spec }) => (spec as { hosts: string[] }).hosts),
  ];
  const some = (index: number): string => hosts[index % hosts.length] ?? 'nobody';
  const gateways = sample('Gateway').map((one) => {
    const { servers } = one.spec as { servers: readonly { tls?: Readonly<Record<string, unknown>> }[] };
    return {
      ...one,
      spec: {
        selector: { istio: 'ingressgateway' },
        servers: servers.map((server) => ({ ...server, ...realTls(server) })),
      },
    };
  });
  const rules = sample('DestinationRule').map((one, index) => ({
    ...one,
    spec: { ...(withRealFiles(one.spec) as object), host: some(index) },
  }));
  const routes = sample('VirtualService').map((one, index) => {
    const spec = one.spec as { hosts?: readonly string[]; http?: readonly { route?: readonly object[] }[] };
    const http = spec.http?.map((rule, place) => {
      const route = rule.route?.map((leg, at) => ({
        ...leg,
        ...((index + at) % 2 === 0 ? { destination: { host: some(index * 7 + place + at) } } : {}),
      }));
      return { ...rule, ...(route === undefined ? {} : { route }) };
    });
    const { gateways: _gateways, ...rest } = { gateways: [], ...spec };
    const bound = proxy === 'router' && (spec.hosts?.length ?? 0) > 0 ? { gateways: ['default/everything'] } : {};
    return { ...one, spec: { ...rest, ...bound, ...(http === undefined ? {} : { http }) } };
  });
  return [
    gateway,
    credential,
    ...gateways,
    ...services,
    ...entries,
    ...rules,
    ...routes,
    ...sample('Pod'),
    ...sample('Deployment'),
    ...sample('Namespace'),
    ...settingsOf(sample('MeshConfig')),
    ...sample('Sidecar').map(openingEverything),
    ...sample('WasmPlugin').map(withRealModule),
  ];
}

/** The same with a module that is there, for the proxies here. */
function withRealModule(one: Manifest): Manifest {
  const { selector: _selector, sha256: _sha256, ...spec } = one.spec as Readonly<Record<string, unknown>>;
  return { ...one, spec: { ...spec, url: `file://${pluginModule}` } };
}

/** A Sidecar that says about ports what it says, and lets its workloads see everything. */
function openingEverything(one: Manifest): Manifest {
  const spec = one.spec as { readonly egress?: readonly object[] };
  return { ...one, spec: { ...spec, egress: [...(spec.egress ?? []), { hosts: ['*/*'] }] } };
}

/** Labels by which a workload is selected by as many services as they can select together. */
function labelsOfMany(objects: readonly AnyObject[]): Readonly<Record<string, string>> {
  const selectors = objects.map((object) => (object.kind === 'Service' ? object.spec.selector : undefined) ?? {});
  return Object.assign({}, ...selectors.toReversed()) as Readonly<Record<string, string>>;
}

const authority = testAuthority('accepted');
const certificate = authority.issue({ commonName: 'accepted.example' });
const credential: Manifest & { readonly stringData: Readonly<Record<string, string>> } = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'credential', namespace: 'default' },
  stringData: { 'tls.crt': certificate.certificate, 'tls.key': certificate.key, 'ca.crt': authority.certificate },
};

/** The TLS of a generated server, with a Secret that is there: Envoy reads files when it judges, and no generated path leads to one. */
function realTls({ tls }: { readonly tls?: Readonly<Record<string, unknown>> }): object {
  if (tls === undefined) return {};
  const { credentialName, credentialNames, serverCertificate, tlsCertificates, ...rest } = tls;
  const named = [credentialName, credentialNames, serverCertificate, tlsCertificates].some((one) => one !== undefined);
  const { caCertCredentialName: _other, privateKey: _key, caCertificates: _authorities, ...asked } = rest;
  return { tls: { ...asked, ...(named ? { credentialName: 'credential' } : {}) } };
}

/** The least that is a module: no callbacks, an allocator, the marker of the ABI. */
const pluginSource = join(folder, 'plugin.ts');
writeFileSync(
  pluginSource,
  `export function proxy_abi_version_0_2_1(): void {}
  export function proxy_on_memory_allocate(size: i32): i32 { return 1024; }`,
);
const pluginModule = join(folder, 'plugin.wasm');
writeFileSync(pluginModule, (await compileModule(pluginSource, { flags: ['--runtime', 'stub'] })).wasm);

const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: join(folder, 'ca.crt') };
writeFileSync(files.certificate, certificate.certificate);
writeFileSync(files.key, certificate.key);
writeFileSync(files.ca, authority.certificate);

/** The same with every `tls` towards endpoints made of files that are there. */
function withRealFiles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withRealFiles);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, name === 'tls' ? realClientTls(part) : withRealFiles(part)]),
  );
}

function realClientTls(tls: Readonly<Record<string, unknown>>): object {
  const { mode, sni, subjectAltNames, insecureSkipVerify } = tls;
  const verified = { caCertificates: files.ca, ...(subjectAltNames === undefined ? {} : { subjectAltNames }) };
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(sni === undefined ? {} : { sni }),
    ...(mode === 'MUTUAL' ? { clientCertificate: files.certificate, privateKey: files.key } : {}),
    ...(insecureSkipVerify === true ? { insecureSkipVerify } : verified),
  };
}

/** Why Envoy refuses what these objects compile to; empty if it accepts. */
function refusal(
  manifests: readonly Manifest[],
  proxy: ProxyType,
): { readonly message: string; readonly bytes: number } {
  const objects = manifests
    .map((manifest) => parseObject(manifest).object)
    .filter((object): object is AnyObject => object !== undefined);
  const snapshot = MeshSnapshot.of(objects.map((object) => ({ object })));
  const node: ProxyNode = {
    id: `${proxy}~192.0.2.1~a.default~default.svc.cluster.local`,
    type: proxy,
    ip: '192.0.2.1',
    name: 'a',
    namespace: 'default',
    dnsDomain: 'default.svc.cluster.local',
    labels: proxy === 'router' ? { istio: 'ingressgateway' } : labelsOfMany(objects),
    capabilities: { dataPlane: 'envoy', minor: 40 },
  };
  const compiler = createCompiler();
  const { resources } = compiler.compile(snapshot, viewOf(node, compiler.selectorKeys(snapshot)));
  const bootstrap = staticBootstrap(resources, { node: { id: node.id, cluster: 'a' }, withSecrets: true });
  const text = JSON.stringify(toJson(BootstrapSchema, bootstrap, { registry }));
  const file = join(folder, 'bootstrap.json');
  writeFileSync(file, text);
  const judged = spawnSync(envoy ?? '', ['--mode', 'validate', '-c', file, '-l', 'error'], { encoding: 'utf8' });
  return {
    message: judged.status === 0 ? '' : `${judged.error?.message ?? ''}${judged.stderr}`.slice(0, 1000),
    bytes: text.length,
  };
}

/** The fewest of the objects that are refused still. */
function narrowed(manifests: readonly Manifest[], proxy: ProxyType): readonly Manifest[] {
  let rest = manifests;
  for (let size = Math.ceil(rest.length / 2); ; size = Math.ceil(size / 2)) {
    for (let start = 0; start < rest.length; ) {
      const fewer = [...rest.slice(0, start), ...rest.slice(start + size)];
      if (refusal(fewer, proxy).message === '') start += size;
      else rest = fewer;
    }
    if (size === 1) return rest;
  }
}

describe.skipIf(envoy === undefined).each(['router', 'sidecar'] as const)('Envoy as %s', (proxy) => {
  test.each(SEEDS)(
    'accepts what validation accepts, seed %i',
    (seed) => {
      const manifests = manifestsOf(seed, proxy);
      const { message, bytes } = refusal(manifests, proxy);
      expect(message === '' ? '' : `${message}\n${JSON.stringify(narrowed(manifests, proxy), null, 1)}`).toBe('');
      // Not because there was nothing to judge.
      expect(bytes).toBeGreaterThan(10_000);
    },
    120_000,
  );
});

describe.skipIf(envoy === undefined)('Envoy', () => {
  test('accepts the largest regular expressions that validation accepts', () => {
    for (const regex of [
      '[a-z]{900}',
      'a'.repeat(1024),
      '(?:abcdefgh){300}',
      '\\w{600}',
      '(?i)[^/]{900}',
      '\\pL{150}',
      '.{900}',
      '[äöü]{300}',
    ]) {
      const route: Manifest = {
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: { name: 'v', namespace: 'default' },
        spec: {
          hosts: ['*'],
          gateways: ['everything'],
          http: [
            {
              match: [{ uri: { regex } }, { headers: { a: { regex } } }, { queryParams: { a: { regex } } }],
              redirect: { uri: '/' },
            },
          ],
        },
      };
      expect(parseObject(route).problems).toEqual([]);
      expect([regex, refusal([gateway, route], 'router').message]).toEqual([regex, '']);
    }
  });
});
