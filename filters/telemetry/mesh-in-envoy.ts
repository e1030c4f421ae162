import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { buildBootstrap, ISTIO_STATS_TAGS, runEnvoy } from '@heddle/agent';
import { loadRegistry } from '@heddle/envoy-api';
import { BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { testAuthority } from '@heddle/testing/certificates';
import { freePorts } from '../../test/support/free-ports.ts';

const TYPES = 'type.googleapis.com/envoy.extensions';
export const CALLER = 'spiffe://cluster.local/ns/front/sa/web';
export const CALLEE = 'spiffe://cluster.local/ns/default/sa/reviews';
export const REVIEWS = 'outbound|9080|v1|reviews.default.svc.cluster.local';
export const REDIS = 'outbound|6379||redis.default.svc.cluster.local';

/** See {@link startMesh}. */
export interface EnvoyMesh extends AsyncDisposable {
  /** Where an application sends requests and connections that leave through its proxy. */
  readonly httpPort: number;
  readonly tcpPort: number;
  /** Headers of the requests that have reached the application behind the other proxy. */
  readonly reached: Readonly<Record<string, unknown>>[];
  readonly log: string[];
  /** What Prometheus would read. */
  scrape(): Promise<Series[]>;
}

/** One line of Prometheus' text format. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The two sides of a mesh in one Envoy: listeners of a caller's proxy, which speak mTLS to listeners of a callee's, each with the filter. Its
 * bootstrap is that of the mesh's own Envoys.
 *
 * Requests below `/api` reach the application, those below `/api/forbidden` are refused by a filter before this one, `/dead` leads nowhere.
 */
export async function startMesh(path: string, wasm: Uint8Array): Promise<EnvoyMesh> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'heddle-telemetry-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'telemetry.wasm');
  await writeFile(file, wasm);
  const reached: Readonly<Record<string, unknown>>[] = [];
  const application = await serve(
    stack,
    createHttp2Server().on('stream', (stream, headers) => {
      reached.push(headers);
      answer(stream, headers['content-type'] ?? '');
    }),
  );
  const redis = await serve(
    stack,
    createTcpServer((socket) => socket.on('data', (data) => socket.write(`${data.toString()}${data.toString()}`))),
  );
  const [httpPort = 0, tcpPort = 0, inboundHttp = 0, inboundTcp = 0, dead = 0] = await freePorts(5);
  const authority = testAuthority('mesh');
  const secrets = (identity: string): JsonObject => {
    const { certificate, key } = authority.issue({ commonName: 'workload', names: [`URI:${identity}`] });
    return {
      tls_certificates: [{ certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } }],
      validation_context: { trusted_ca: { inline_string: authority.certificate } },
    };
  };
  const client = {
    name: 'tls',
    typed_config: {
      '@type': `${TYPES}.transport_sockets.tls.v3.UpstreamTlsContext`,
      common_tls_context: secrets(CALLER),
    },
  };
  const server = {
    name: 'tls',
    typed_config: {
      '@type': `${TYPES}.transport_sockets.tls.v3.DownstreamTlsContext`,
      require_client_certificate: true,
      common_tls_context: secrets(CALLEE),
    },
  };
  const outbound = plugin(file, { workload: { name: 'web-v1', namespace: 'front', app: 'web' } });
  const inbound = plugin(file, {
    workload: { name: 'reviews-v1', namespace: 'default', app: 'reviews', version: 'v1' },
  });
  const to = (prefix: string, cluster: string) => ({ match: { prefix }, route: { cluster } });
  const resources: JsonValue = {
    listeners: [
      listener(
        'OUTBOUND',
        httpPort,
        http([to('/api', REVIEWS), to('/dead', 'outbound|80||dead.default.svc.cluster.local')], outbound),
      ),
      listener('OUTBOUND', tcpPort, tcp(REDIS, outbound)),
      listener('INBOUND', inboundHttp, http([to('/', 'inbound|9080||')], inbound, FORBIDDEN), server),
      listener('INBOUND', inboundTcp, tcp('inbound|6379||', inbound), server),
    ],
    clusters: [
      { ...cluster(REVIEWS, inboundHttp, true), transport_socket: client },
      { ...cluster(REDIS, inboundTcp), transport_socket: client },
      cluster('inbound|9080||', application, true),
      cluster('inbound|6379||', redis),
      cluster('outbound|80||dead.default.svc.cluster.local', dead),
    ],
  };
  const log: string[] = [];
  const envoy = stack.use(
    await runEnvoy({
      path,
      bootstrap: create(BootstrapSchema, {
        ...buildBootstrap({ node: { id: 'test' }, statsTags: ISTIO_STATS_TAGS }),
        ...fromJson(
          BootstrapSchema,
          { static_resources: resources, stats_flush_interval: '0.2s' },
          { registry: await loadRegistry() },
        ),
      }),
      logLevel: 'warning',
      concurrency: 1,
      drainMs: 0,
      onLog: ({ message }) => log.push(message),
    }),
  );
  const owned = stack.move();
  return {
    httpPort,
    tcpPort,
    reached,
    log,
    async scrape() {
      const { body } = await envoy.admin.request('GET', '/stats/prometheus?filter=istio_');
      return seriesOf(body);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Refuses before the filter sees anything but the request's end. */
const FORBIDDEN: JsonObject = {
  name: 'rbac',
  typed_config: {
    '@type': `${TYPES}.filters.http.rbac.v3.RBAC`,
    rules: {
      action: 'DENY',
      policies: {
        forbidden: {
          permissions: [{ url_path: { path: { prefix: '/api/forbidden' } } }],
          principals: [{ any: true }],
        },
      },
    },
  },
};

function plugin(filename: string, configuration: JsonObject): JsonObject {
  return {
    name: 'telemetry',
    configuration: {
      '@type': 'type.googleapis.com/google.protobuf.StringValue',
      value: JSON.stringify(configuration),
    },
    vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename } } },
  };
}

function listener(direction: string, port: number, filters: JsonObject[], socket?: JsonObject): JsonObject {
  return {
    name: `${direction}-${port}`,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    traffic_direction: direction,
    filter_chains: [{ filters, ...(socket === undefined ? {} : { transport_socket: socket }) }],
  };
}

function http(routes: JsonObject[], config: JsonObject, ...before: JsonObject[]): JsonObject[] {
  return [
    {
      name: 'http',
      typed_config: {
        '@type': `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
        stat_prefix: 'http',
        route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
        http_filters: [
          ...before,
          { name: 'telemetry', typed_config: { '@type': `${TYPES}.filters.http.wasm.v3.Wasm`, config } },
          { name: 'router', typed_config: { '@type': `${TYPES}.filters.http.router.v3.Router` } },
        ],
      },
    },
  ];
}

function tcp(clusterName: string, config: JsonObject): JsonObject[] {
  return [
    { name: 'telemetry', typed_config: { '@type': `${TYPES}.filters.network.wasm.v3.Wasm`, config } },
    {
      name: 'tcp',
      typed_config: {
        '@type': `${TYPES}.filters.network.tcp_proxy.v3.TcpProxy`,
        stat_prefix: 'tcp',
        cluster: clusterName,
      },
    },
  ];
}

function cluster(name: string, port: number, isHttp2 = false): JsonObject {
  return {
    name,
    type: 'STATIC',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }],
        },
      ],
    },
    ...(isHttp2
      ? {
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': `${TYPES}.upstreams.http.v3.HttpProtocolOptions`,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        }
      : {}),
  };
}

/** Answers gRPC with two messages, when all have come; everything else at once. */
function answer(stream: ServerHttp2Stream, contentType: string): void {
  // The client may go away before the answer.
  stream.on('error', () => {});
  if (contentType !== 'application/grpc') {
    stream.respond({ ':status': 200 });
    stream.end('upstream');
    return;
  }
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '5' }));
  stream.resume().on('end', () => {
    stream.write(grpcMessage('a longer answer '.repeat(5_000)));
    stream.end(grpcMessage('the second'));
  });
}

/** A message as gRPC frames it. */
export function grpcMessage(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

async function serve(
  stack: AsyncDisposableStack,
  server: Server | ReturnType<typeof createHttp2Server>,
): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function seriesOf(text: string): Series[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels, value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    if (name === undefined || labels === undefined || value === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', found = '']) => [label, found]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
  });
}
