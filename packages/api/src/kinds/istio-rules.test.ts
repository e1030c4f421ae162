import { describe, expect, test } from 'vitest';
import { type KindName, kinds } from '../kinds.ts';
import type { Schema } from '../schema.ts';
import { validate } from '../validate.ts';

/*
 * Rules across fields, each as one object that breaks it. `base` is sound; a case replaces what it names.
 */

const route = [{ destination: { host: 'reviews' } }];
const port = { number: 80, name: 'http', protocol: 'HTTP' };
const base = {
  VirtualService: { hosts: ['reviews'], http: [{ route }] },
  Gateway: { servers: [{ port, hosts: ['*'] }] },
  DestinationRule: { host: 'reviews', trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } },
  ServiceEntry: {
    hosts: ['api.example.com'],
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    resolution: 'STATIC',
    endpoints: [{ address: '192.0.2.1' }],
  },
  WasmPlugin: { url: 'file:///opt/filters/auth.wasm' },
  Service: { ports: [{ port: 80 }] },
  Deployment: {
    selector: { matchLabels: { app: 'a' } },
    template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'web' }] } },
  },
} as const;
type Kind = keyof typeof base;

function errors(kind: Kind, spec: unknown): readonly string[] {
  const schema: Schema<unknown> = kinds[kind as KindName].spec;
  return validate(schema, spec)
    .problems.filter((problem) => problem.severity === 'error')
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test.each(Object.keys(base) as Kind[])('%s: the sound object is taken', (kind) => {
  expect(errors(kind, base[kind])).toEqual([]);
});

const gatewayOnly = { gateways: ['gw'] };
const CLAIM = '@request.auth.claims.group';
const MEBIBYTE = 1024 * 1024;
const base64Of = (bytes: number): string => Buffer.alloc(bytes).toString('base64');
const rule = (parts: object): object => ({ ...base.VirtualService, http: [parts] });
const server = (parts: object): object => ({ servers: [{ ...base.Gateway.servers[0], ...parts }] });
const policy = (trafficPolicy: object): object => ({ host: 'reviews', trafficPolicy });
const entry = (parts: object): object => ({ ...base.ServiceEntry, ...parts });
const plugin = (parts: object): object => ({ ...base.WasmPlugin, ...parts });
const twoLegs = (a: number, b: number): object => ({
  route: [
    { ...route[0], weight: a },
    { ...route[0], weight: b },
  ],
});

describe.each<[Kind, readonly (readonly [spec: object, at: string])[]]>([
  [
    'WasmPlugin',
    [
      [{}, 'url: "url" is missing'],
      [plugin({ url: '' }), 'url: found an empty string'],
      [plugin({ url: 'ftp://a/b.wasm' }), 'url: found "ftp://a/b.wasm"'],
      [plugin({ url: 'file://b.wasm' }), 'url: found "file://b.wasm"'],
      [plugin({ url: 'https:///b.wasm' }), 'url: found "https:///b.wasm"'],
      [plugin({ sha256: 'abc' }), 'sha256: found "abc"'],
      [plugin({ phase: 'FIRST' }), 'phase: found "FIRST"'],
      [plugin({ failStrategy: 'OPEN' }), 'failStrategy: found "OPEN"'],
      [plugin({ priority: 2 ** 31 }), 'priority: found 2147483648'],
      [plugin({ pluginConfig: ['a'] }), 'pluginConfig: found a list'],
      [plugin({ selector: {}, targetRefs: [{ kind: 'Gateway', name: 'a' }] }), ': found selector and targetRefs'],
      [plugin({ match: [{ mode: 'BOTH' }] }), 'match.0.mode: found "BOTH"'],
      [plugin({ match: [{ ports: [{ number: 0 }] }] }), 'match.0.ports.0.number: found 0'],
      [plugin({ match: [{ ports: [{ number: 1 }, { number: 1 }] }] }), 'match.0.ports.1.number: found port 1 twice'],
      [plugin({ vmConfig: { env: [{ name: 'A' }, { name: 'A' }] } }), 'vmConfig.env.1.name: found "A" twice'],
      [plugin({ vmConfig: { env: [{ name: 'A=B' }] } }), 'vmConfig.env.0.name: found "A=B"'],
      [
        plugin({ vmConfig: { env: [{ name: 'A', valueFrom: 'HOST', value: 'b' }] } }),
        'vmConfig.env.0.value: found a value with valueFrom HOST',
      ],
    ],
  ],
  [
    'VirtualService',
    [
      [{ hosts: ['a'] }, ': found no rules'],
      [{ http: [{ route }], ...gatewayOnly }, 'gateways: found gateways in a delegate'],
      [{ http: [{ delegate: { name: 'x' } }] }, 'http.0.delegate: found a delegate inside'],
      [{ ...base.VirtualService, hosts: ['*'] }, 'hosts.0: found "*" for sidecars'],
      [{ ...base.VirtualService, hosts: ['*'], gateways: ['gw', 'mesh'] }, 'hosts.0: found "*" for sidecars'],
      [{ ...base.VirtualService, hosts: ['a.b', 'A.b'] }, 'hosts.1: found "A.b", which "a.b" covers'],
      [{ ...base.VirtualService, hosts: ['*.b', 'a.b'] }, 'hosts.1: found "a.b", which "*.b" covers'],
      [{ ...base.VirtualService, exportTo: ['~'] }, 'exportTo.0: found "~"'],
      [{ ...base.VirtualService, exportTo: ['.', '.'] }, 'exportTo.1: found "." twice'],
      [rule({}), 'http.0: found no destination'],
      [rule({ route: [] }), 'http.0: found no destination'],
      [rule({ route, redirect: { uri: '/' } }), 'http.0.route: found route together with redirect'],
      [rule({ redirect: { uri: '/' }, rewrite: { uri: '/' } }), 'http.0.rewrite: found rewrite together with redirect'],
      [rule({ redirect: { uri: '/' }, fault: { abort: { httpStatus: 500 } } }), 'http.0.fault: found fault together'],
      [
        rule({ redirect: { uri: '/' }, directResponse: { status: 200 } }),
        'http.0.directResponse: found directResponse',
      ],
      [rule({ directResponse: { status: 200 }, route }), 'http.0.route: found route together with directResponse'],
      [rule({ delegate: { name: 'x' }, route }), 'http.0.route: found route together with delegate'],
      [
        rule({ directResponse: { status: 200 }, rewrite: { uri: '/' } }),
        'http.0.rewrite: found rewrite together with directResponse',
      ],
      [
        rule({ directResponse: { status: 200 }, fault: { abort: { httpStatus: 500 } } }),
        'http.0.fault: found fault together with directResponse',
      ],
      [rule({ directResponse: {} }), 'http.0.directResponse.status: "status" is missing'],
      [rule({ directResponse: { status: 199 } }), 'http.0.directResponse.status: found 199'],
      [rule({ directResponse: { status: 600 } }), 'http.0.directResponse.status: found 600'],
      [
        rule({ directResponse: { status: 200, body: { string: 'a', bytes: 'YQ==' } } }),
        'http.0.directResponse.body.bytes: found "string", "bytes" together',
      ],
      [
        rule({ directResponse: { status: 200, body: { string: 'ä'.repeat(MEBIBYTE / 2 + 1) } } }),
        'http.0.directResponse.body.string: found "ää',
      ],
      [
        rule({ directResponse: { status: 200, body: { string: '\ud800' } } }),
        'http.0.directResponse.body.string: found "\\ud800"',
      ],
      [
        rule({ directResponse: { status: 200, body: { bytes: 'no base64' } } }),
        'http.0.directResponse.body.bytes: found "no base64"',
      ],
      [
        rule({ directResponse: { status: 200, body: { bytes: base64Of(MEBIBYTE + 1) } } }),
        'http.0.directResponse.body.bytes: found "AAAA',
      ],
      [rule(twoLegs(0, 0)), 'http.0.route: found 2 destinations whose weights add up to 0'],
      [
        rule({ route: [...Array(3)].map(() => ({ ...route[0], weight: 2_000_000_000 })) }),
        'http.0.route: found weights that add up',
      ],
      [rule({ route: [{ ...route[0], weight: -1 }] }), 'http.0.route.0.weight: found -1'],
      [rule({ route: [{ destination: { host: '*' } }] }), 'http.0.route.0.destination.host: found "*"'],
      [
        rule({ route: [{ destination: { host: 'a', port: {} } }] }),
        'http.0.route.0.destination.port.number: "number" is missing',
      ],
      [rule({ redirect: {} }), 'http.0.redirect: found a redirect that changes nothing'],
      [rule({ redirect: { uri: '' } }), 'http.0.redirect: found a redirect that changes nothing'],
      [rule({ redirect: { uri: '/', redirectCode: 304 } }), 'http.0.redirect.redirectCode: found 304'],
      [
        rule({ redirect: { uri: '/', prefixRewrite: '/' } }),
        'http.0.redirect.prefixRewrite: found "uri", "prefixRewrite" together',
      ],
      [
        rule({ redirect: { port: 80, derivePort: 'FROM_REQUEST_PORT' } }),
        'http.0.redirect.derivePort: found "port", "derivePort"',
      ],
      [rule({ redirect: { scheme: 'ftp' } }), 'http.0.redirect.scheme: found "ftp"'],
      [
        rule({ match: [{ uri: { exact: '/' } }], redirect: { prefixRewrite: '/x' } }),
        'http.0.match.0.uri: found no prefix',
      ],
      [rule({ route, rewrite: {} }), 'http.0.rewrite: found a rewrite that changes nothing'],
      [
        rule({ route, rewrite: { uri: '/', uriRegexRewrite: { match: 'a', rewrite: 'b' } } }),
        'http.0.rewrite.uriRegexRewrite: found',
      ],
      [rule({ route, rewrite: { uri: '/a\r\nx: y' } }), 'http.0.rewrite.uri: found'],
      [
        rule({ route, rewrite: { authority: 'a' }, headers: { request: { set: { Host: 'b' } } } }),
        'http.0.headers.request.set.Host: found "Host"',
      ],
      [
        rule({ route, headers: { request: { set: { host: 'a' }, add: { ':authority': 'b' } } } }),
        'http.0.headers.request.add.:authority',
      ],
      [rule({ route, headers: { request: { remove: ['host'] } } }), 'http.0.headers.request.remove.0: found "host"'],
      [
        rule({ route, headers: { response: { set: { ':status': '1' } } } }),
        'http.0.headers.response.set.:status: found the key',
      ],
      [rule({ route, headers: { response: { set: { a: '%' } } } }), 'http.0.headers.response.set.a: found "%"'],
      [
        rule({ route, match: [{ uri: { exact: '/', prefix: '/' } }] }),
        'http.0.match.0.uri.prefix: found "exact", "prefix" together',
      ],
      [rule({ route, match: [{ uri: { regex: '(?=a)' } }] }), 'http.0.match.0.uri.regex: found "(?=a)"'],
      [rule({ route, match: [{ uri: { regex: 'a'.repeat(1025) } }] }), 'http.0.match.0.uri.regex: found'],
      [rule({ route, match: [{ method: { prefix: '' } }] }), 'http.0.match.0.method.prefix: found an empty string'],
      [
        rule({ route, match: [{ headers: { 'a b': { exact: '' } } }] }),
        'http.0.match.0.headers.a b: found the key "a b"',
      ],
      [
        rule({ route, match: [{ headers: { '@request.auth.claims.x': { exact: '' } } }] }),
        'http.0.match: found a match on @request',
      ],
      [
        rule({ route, match: [{ withoutHeaders: { '@request.auth.claims.x': {} } }] }),
        'http.0.match: found a match on @request',
      ],
      [
        rule({ route, match: [{ withoutHeaders: { 'a b': {} } }] }),
        'http.0.match.0.withoutHeaders.a b: found the key "a b"',
      ],
      [
        rule({ route, match: [{ withoutHeaders: { a: { regex: '**' } } }] }),
        'http.0.match.0.withoutHeaders.a.regex: found "**"',
      ],
      [rule({ route, match: [{ withoutHeaders: { a: { prefix: '' } } }] }), 'http.0.match.0.withoutHeaders.a.prefix'],
      [rule({ route, match: [{ authority: { prefix: '' } }] }), 'http.0.match.0.authority.prefix: found an empty'],
      [rule({ route, match: [{ authority: { regex: '(' } }] }), 'http.0.match.0.authority.regex: found "("'],
      [rule({ route, match: [{ scheme: { prefix: '' } }] }), 'http.0.match.0.scheme.prefix: found an empty string'],
      [
        rule({ route, match: [{ scheme: { exact: 'a', regex: 'a' } }] }),
        'http.0.match.0.scheme.regex: found "exact", "regex" together',
      ],
      [rule({ route, match: [{ port: 65536 }] }), 'http.0.match.0.port: found 65536'],
      [rule({ route, match: [{ port: -1 }] }), 'http.0.match.0.port: found -1'],
      [rule({ route, match: [{ gateways: ['a/b/c'] }] }), 'http.0.match.0.gateways.0: found "a/b/c"'],
      [rule({ route, match: [{ gateways: [''] }] }), 'http.0.match.0.gateways.0: found ""'],
      [rule({ route, match: [{ sourceLabels: { app: '-' } }] }), 'http.0.match.0.sourceLabels.app: found "-"'],
      [rule({ route, match: [{ sourceLabels: { '-': 'a' } }] }), 'http.0.match.0.sourceLabels.-: found the key "-"'],
      [rule({ route, match: [{ sourceNamespace: 'A' }] }), 'http.0.match.0.sourceNamespace: found "A"'],
      [rule({ route, match: [{ ignoreUriCase: 'yes' }] }), 'http.0.match.0.ignoreUriCase: found'],
      [rule({ route, mirror: { host: 'a' }, mirrors: [] }), 'http.0.mirrors: found "mirror", "mirrors" together'],
      [rule({ route, timeout: '0s' }), 'http.0.timeout: found "0s"'],
      [rule({ route, timeout: '1.5ms' }), 'http.0.timeout: found "1.5ms"'],
      [rule({ route, timeout: '1' }), 'http.0.timeout: found "1"'],
      [rule({ route, retries: { attempts: -1 } }), 'http.0.retries.attempts: found -1'],
      [rule({ route, retries: { attempts: 1, perTryTimeout: '0s' } }), 'http.0.retries.perTryTimeout: found "0s"'],
      [rule({ route, retries: { attempts: 1, backoff: '1us' } }), 'http.0.retries.backoff: found "1us"'],
      [rule({ route, retries: { attempts: 1, retryOn: '5xx, reset' } }), 'http.0.retries.retryOn: found "5xx, reset"'],
      [rule({ route, retries: { attempts: 1, retryOn: '5xx,600' } }), 'http.0.retries.retryOn: found "5xx,600"'],
      [rule({ route, retries: { retryOn: '5xx' } }), 'http.0.retries.retryOn: found retryOn although'],
      [
        rule({ route, retries: { retryRemoteLocalities: true } }),
        'http.0.retries.retryRemoteLocalities: found retryRemoteLocalities although',
      ],
      [rule({ route, retries: { retryOn: 'sometimes', attempts: 1 } }), 'http.0.retries.retryOn: found "sometimes"'],
      [
        rule({ route, retries: { attempts: 0, perTryTimeout: '1s' } }),
        'http.0.retries.perTryTimeout: found perTryTimeout although',
      ],
      [rule({ route, fault: {} }), 'http.0.fault: found neither delay nor abort'],
      [rule({ route, corsPolicy: { maxAge: '1500ms' } }), 'http.0.corsPolicy.maxAge: found "1500ms"'],
      [{ hosts: ['a.b'], tls: [{ match: [{ sniHosts: ['c.d'] }], route }] }, 'tls.0.match.0.sniHosts.0: found "c.d"'],
      [{ hosts: ['a.b'], tls: [{ match: [], route }] }, 'tls.0.match: found an empty list'],
      [{ hosts: ['a.b'], tcp: [{}] }, 'tcp.0.route: "route" is missing'],
    ],
  ],
  [
    'Gateway',
    [
      [{ servers: [] }, 'servers: found an empty list'],
      [server({ hosts: [] }), 'servers.0.hosts: found an empty list'],
      [server({ port: { ...port, number: 0 } }), 'servers.0.port.number: found 0'],
      [server({ port: { ...port, protocol: 'SMTP' } }), 'servers.0.port.protocol: found "SMTP"'],
      [server({ port: { ...port, targetPort: 8080 } }), 'servers.0.port.targetPort: found a targetPort'],
      [server({ port: { ...port, protocol: 'HTTPS' } }), 'servers.0: found protocol HTTPS without tls'],
      [server({ tls: { mode: 'SIMPLE', credentialName: 'c' } }), 'servers.0.tls: found certificates or a mode'],
      [server({ bind: 'localhost' }), 'servers.0.bind: found "localhost"'],
      [server({ bind: 'unix:///tmp/s' }), 'servers.0.port.number: found 80'],
      [
        { servers: [base.Gateway.servers[0], base.Gateway.servers[0]] },
        'servers.1.port.name: found two ports named "http"',
      ],
      [
        server({ port: { ...port, protocol: 'TLS' }, tls: { mode: 'SIMPLE' } }),
        'servers.0.tls.serverCertificate: found mode SIMPLE',
      ],
      [
        server({ port: { ...port, protocol: 'TLS' }, tls: { mode: 'MUTUAL' } }),
        'servers.0.tls.caCertificates: found mode MUTUAL',
      ],
      [
        server({ port: { ...port, protocol: 'TLS' }, tls: { mode: 'ISTIO_MUTUAL', privateKey: 'k' } }),
        'servers.0.tls.privateKey: found',
      ],
      [
        server({ port: { ...port, protocol: 'TLS' }, tls: { credentialName: 'a', credentialNames: ['b'] } }),
        'servers.0.tls: found several',
      ],
    ],
  ],
  [
    'DestinationRule',
    [
      [{}, 'host: "host" is missing'],
      [policy({}), 'trafficPolicy: found a policy without settings'],
      [policy({ connectionPool: {} }), 'trafficPolicy.connectionPool: found an empty connection pool'],
      [policy({ loadBalancer: { simple: 'FASTEST' } }), 'trafficPolicy.loadBalancer.simple: found "FASTEST"'],
      [
        policy({ loadBalancer: { simple: 'RANDOM', consistentHash: {} } }),
        'trafficPolicy.loadBalancer.consistentHash: found',
      ],
      [
        policy({ loadBalancer: { consistentHash: { maglev: { tableSize: 65536 } } } }),
        'trafficPolicy.loadBalancer.consistentHash.maglev.tableSize',
      ],
      [
        policy({ tunnel: { targetHost: 'a', targetPort: 1 }, proxyProtocol: {} }),
        'trafficPolicy.proxyProtocol: found "tunnel"',
      ],
      [
        policy({ outlierDetection: { consecutiveLocalOriginFailures: 1 } }),
        'trafficPolicy.outlierDetection.consecutiveLocalOriginFailures',
      ],
      [policy({ tls: { mode: 'MUTUAL' } }), 'trafficPolicy.tls.clientCertificate: found mode MUTUAL'],
      [
        policy({ tls: { mode: 'SIMPLE', credentialName: 'a', caCrl: 'b' } }),
        'trafficPolicy.tls.caCrl: found caCrl together',
      ],
      [
        policy({ portLevelSettings: [{ port: { number: 1 } }] }),
        'trafficPolicy.portLevelSettings.0: found a policy without',
      ],
      [{ host: 'a', subsets: [{ name: 'v1' }, { name: 'v1' }] }, 'subsets.1.name: found two subsets "v1"'],
      [{ host: 'a', subsets: [{ name: 'v.1' }] }, 'subsets.0.name: found "v.1"'],
    ],
  ],
  [
    'ServiceEntry',
    [
      [entry({ hosts: [] }), 'hosts: found an empty list'],
      [entry({ hosts: ['*'] }), 'hosts.0: found "*"'],
      [entry({ workloadSelector: {} }), 'endpoints: found "workloadSelector", "endpoints" together'],
      [entry({ resolution: 'NONE' }), 'endpoints: found endpoints with resolution NONE'],
      [entry({ resolution: undefined }), 'endpoints: found endpoints with resolution NONE'],
      [
        entry({ resolution: 'DNS', endpoints: [], hosts: ['*.a.b'] }),
        'hosts.0: found "*.a.b", which DNS cannot resolve',
      ],
      [
        entry({ resolution: 'DNS_ROUND_ROBIN', endpoints: [{ address: 'a' }, { address: 'b' }] }),
        'endpoints: found 2 endpoints',
      ],
      [entry({ endpoints: [{ address: 'a.b' }] }), 'endpoints.0.address: found "a.b", wanted an IP address'],
      [entry({ endpoints: [{}] }), 'endpoints.0: found no address'],
      [
        entry({ endpoints: [{ address: '192.0.2.1', ports: { grpc: 1 } }] }),
        'endpoints.0.ports.grpc: found port "grpc"',
      ],
      [entry({ endpoints: [{ address: 'unix://x' }] }), 'endpoints.0.address: found "unix://x"'],
      [
        entry({ endpoints: Array(2).fill({ address: '192.0.2.1', weight: 4_294_967_295 }) }),
        'endpoints: found weights that add up',
      ],
      [entry({ ports: [port, { ...port, name: 'b' }] }), 'ports.1.number: found port 80 twice'],
      [entry({ ports: [port, { ...port, number: 81 }] }), 'ports.1.name: found two ports named "http"'],
      [
        entry({ hosts: ['a', 'b'], ports: [{ number: 1, name: 'tcp' }] }),
        'ports.0.protocol: found 2 hosts on a TCP port',
      ],
      [entry({ resolution: 'DNS', addresses: ['10.0.0.0/8'] }), 'addresses.0: found the block'],
      [entry({ addresses: ['api.example.com'] }), 'addresses.0: found "api.example.com"'],
      [entry({ addresses: ['10.0.0.0/33'] }), 'addresses.0: found "10.0.0.0/33"'],
      [
        entry({ resolution: 'DNS_ROUND_ROBIN', addresses: ['10.0.0.0/8'], endpoints: [{ address: 'a.b' }] }),
        'addresses.0: found the block',
      ],
      [
        entry({ resolution: 'DNS_ROUND_ROBIN', endpoints: [], hosts: ['*.a.b'] }),
        'hosts.0: found "*.a.b", which DNS cannot resolve',
      ],
      [entry({ resolution: 'DYNAMIC_DNS' }), 'hosts.0: found "api.example.com" with resolution DYNAMIC_DNS'],
    ],
  ],
  [
    'Service',
    [
      [{}, 'ports: found no ports'],
      [{ ports: [{ port: 80 }, { port: 81 }] }, 'ports.0.name: found a port without name among several'],
      [
        {
          ports: [
            { port: 80, name: 'a' },
            { port: 81, name: 'a' },
          ],
        },
        'ports.1.name: found two ports named "a"',
      ],
      [
        {
          ports: [
            { port: 80, name: 'a' },
            { port: 80, name: 'b' },
          ],
        },
        'ports.1.port: found port 80/TCP twice',
      ],
      [{ ports: [{ port: 80, targetPort: 'Web' }] }, 'ports.0.targetPort: found "Web"'],
      [{ ports: [{ port: 80, targetPort: 65536 }] }, 'ports.0.targetPort: found 65536'],
      [{ ports: [{ port: 80 }], clusterIP: 'none' }, 'clusterIP: found "none"'],
      [{ type: 'ExternalName' }, 'externalName: found type ExternalName without externalName'],
    ],
  ],
  [
    'Deployment',
    [
      [{ ...base.Deployment, selector: {} }, 'selector: found an empty selector'],
      [{ ...base.Deployment, selector: { matchLabels: { app: 'b' } } }, 'selector.matchLabels.app: found "b" but "a"'],
      [{ ...base.Deployment, replicas: -1 }, 'replicas: found -1'],
      [{ ...base.Deployment, template: { spec: { containers: [] } } }, 'template.spec.containers: found an empty list'],
      [
        { ...base.Deployment, selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
        'selector.matchExpressions.0.values: found 0',
      ],
    ],
  ],
])('%s', (kind, cases) => {
  test.each(cases.map(([spec, at]) => [at, spec] as const))('%s', (at, spec) => {
    const found = errors(kind, spec);
    expect(
      found.some((text) => text.startsWith(at)),
      found.join('\n'),
    ).toBe(true);
  });
});

test.each<[string, Kind, object, string]>([
  ['a claim', 'VirtualService', rule({ route, match: [{ headers: { [CLAIM]: { exact: 'a' } } }] }), CLAIM],
  ['the absence of a claim', 'VirtualService', rule({ route, match: [{ withoutHeaders: { [CLAIM]: {} } }] }), CLAIM],
])('%s is reported as not applied', (_, kind, spec, key) => {
  const schema: Schema<unknown> = kinds[kind as KindName].spec;
  const { problems } = validate(schema, { ...spec, ...(kind === 'VirtualService' ? gatewayOnly : {}) });
  expect(problems.map(({ code, path }) => [code, path.at(-1)])).toEqual([
    ['not-applied', kind === 'ServiceEntry' ? Number(key) : key],
  ]);
});

test('what Istio takes is taken', () => {
  const sound: readonly (readonly [Kind, object])[] = [
    ['VirtualService', { hosts: ['*'], gateways: ['gw'], http: [{ route }] }],
    ['VirtualService', { http: [{ route }] }],
    ['VirtualService', rule({ match: [{ uri: { prefix: '' }, headers: { 'x-a': {} } }], route })],
    ['VirtualService', rule({ ...twoLegs(100, 0) })],
    ['VirtualService', rule({ ...twoLegs(1, 2) })],
    ['VirtualService', rule({ redirect: { derivePort: 'FROM_REQUEST_PORT' } })],
    ['VirtualService', rule({ route, headers: { request: { set: { host: 'a.b' } } } })],
    ['Gateway', server({ port: { ...port, protocol: 'http' }, tls: { httpsRedirect: true } })],
    ['Gateway', server({ port: { ...port, number: 0 }, bind: 'unix:///tmp/s' })],
    ['ServiceEntry', entry({ resolution: 'NONE', endpoints: undefined, hosts: ['*.a.b'], addresses: ['10.0.0.0/8'] })],
    ['ServiceEntry', entry({ endpoints: [{ address: 'unix:///run/s' }] })],
    ['ServiceEntry', entry({ addresses: ['10.0.0.1', 'fd00::1'] })],
    ['ServiceEntry', entry({ resolution: 'DNS_ROUND_ROBIN', endpoints: [{ address: 'a.b' }] })],
    ['ServiceEntry', entry({ resolution: 'DNS_ROUND_ROBIN', endpoints: undefined })],
    ['VirtualService', rule({ route, timeout: '1h30m', retries: {} })],
    ['VirtualService', rule({ route, retries: { attempts: 0, backoff: '1s', retryIgnorePreviousHosts: true } })],
    ['VirtualService', rule({ route, retries: { attempts: 2, retryOn: '5xx,404,reset', perTryTimeout: '1ms' } })],
    ['VirtualService', rule({ directResponse: { status: 200 } })],
    ['VirtualService', rule({ directResponse: { status: 599, body: { string: '' } }, headers: {} })],
    ['VirtualService', rule({ directResponse: { status: 204, body: { string: 'a'.repeat(MEBIBYTE) } } })],
    ['VirtualService', rule({ directResponse: { status: 204, body: { bytes: base64Of(MEBIBYTE) } } })],
    ['VirtualService', rule({ match: [{ withoutHeaders: { a: { regex: '*' }, b: {} }, port: 0 }], route })],
    ['VirtualService', rule({ match: [{ sourceNamespace: '', gateways: ['mesh', 'a/b', 'c'] }], route })],
    ['Service', { clusterIP: 'None', selector: {} }],
    ['Service', { type: 'ExternalName', externalName: 'a.b' }],
  ];
  for (const [kind, spec] of sound) expect(errors(kind, spec), JSON.stringify(spec)).toEqual([]);
});
