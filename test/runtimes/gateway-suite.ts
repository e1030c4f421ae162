// The gateway on any runtime: one list of checks, run by test/runtimes/{node,bun,deno}/gateway.ts. Prints one line of JSON per check.
import { createServer } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect, createServer as createNetServer } from 'node:net';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { type JsonObject, toBinary } from '@bufbuild/protobuf';
import { createDiscoveryServer } from '@heddle/discovery';
import { CLUSTER_TYPE_URL, LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { ClusterSchema } from '@heddle/envoy-api/cluster';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { createGateway as createPortableGateway, type Gateway, type GatewayResources } from '@heddle/gateway';
import { resourcesFromBootstrap } from '@heddle/gateway/bootstrap';
import { createGateway, createStandaloneGateway } from '@heddle/gateway/node';
import { type CompiledView, viewOf, xdsResource } from '@heddle/model';
import { Hono } from 'hono';
import { checkGate, gateApplication, withGateFile } from './wasm-checks.ts';

/** A runtime's own HTTP server around a fetch handler. */
export interface Runtime {
  readonly name: 'node' | 'bun' | 'deno';
  serve(fetch: (request: Request) => Response | Promise<Response>): Promise<{ port: number; close(): Promise<void> }>;
}

type Check = (runtime: Runtime) => Promise<void>;

const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.extensions.filters.${name}` });

function state(
  routes: readonly JsonObject[],
  endpointPort: number,
  manager: JsonObject = {},
  cluster: JsonObject = {},
): GatewayResources {
  const typedConfig = {
    ...type('network.http_connection_manager.v3.HttpConnectionManager'),
    routeConfig: { virtualHosts: [{ name: 'all', domains: ['*'], routes: [...routes] }] },
    httpFilters: [{ name: 'envoy.filters.http.router', typedConfig: type('http.router.v3.Router') }],
    ...manager,
  };
  const socketAddress = (portValue: number) => ({ socketAddress: { address: '127.0.0.1', portValue } });
  const endpoints = [{ lbEndpoints: [{ endpoint: { address: socketAddress(endpointPort) } }] }];
  return resourcesFromBootstrap({
    staticResources: {
      listeners: [
        { name: 'web', address: socketAddress(0), filterChains: [{ filters: [{ name: 'http', typedConfig }] }] },
      ],
      clusters: [
        {
          name: 'c',
          type: 'STATIC',
          connectTimeout: '1s',
          loadAssignment: { clusterName: 'c', endpoints },
          ...cluster,
        },
      ],
    },
  });
}

const forwarding: JsonObject = { match: { prefix: '/' }, route: { cluster: 'c', timeout: '0s' } };
const answering = (status: number): JsonObject => ({ match: { prefix: '/' }, directResponse: { status } });

/** Filters of routes in front of the router. */
const withFilters: JsonObject = {
  httpFilters: [
    { name: 'envoy.filters.http.fault', typedConfig: type('http.fault.v3.HTTPFault') },
    { name: 'envoy.filters.http.cors', typedConfig: type('http.cors.v3.Cors') },
    { name: 'envoy.filters.http.router', typedConfig: type('http.router.v3.Router') },
  ],
};
const filtered: readonly JsonObject[] = [
  {
    match: { prefix: '/fault' },
    route: { cluster: 'c' },
    typedPerFilterConfig: {
      'envoy.filters.http.fault': {
        ...type('http.fault.v3.HTTPFault'),
        delay: { fixedDelay: '0.02s', percentage: { numerator: 100 } },
        abort: { httpStatus: 418, percentage: { numerator: 100 } },
      },
    },
  },
  {
    match: { prefix: '/cors' },
    route: { cluster: 'c' },
    typedPerFilterConfig: {
      'envoy.filters.http.cors': {
        ...type('http.cors.v3.CorsPolicy'),
        allowOriginStringMatch: [{ exact: 'https://a.test' }],
        allowMethods: 'GET',
      },
    },
  },
  {
    match: { prefix: '/mirrored' },
    route: {
      cluster: 'c',
      timeout: '0s',
      requestMirrorPolicies: [{ cluster: 'c', disableShadowHostSuffixAppend: true }],
    },
  },
];

/** Faults, CORS and mirrors, whichever way requests come in. */
async function checkRouteFilters(send: (path: string, init?: RequestInit) => Promise<Response>): Promise<void> {
  const fault = await send('/fault');
  equal([fault.status, await fault.text()], [418, 'fault filter abort'], 'a fault');
  const headers = { origin: 'https://a.test', 'access-control-request-method': 'GET' };
  const preflight = await send('/cors', { method: 'OPTIONS', headers });
  const allowed = ['origin', 'methods'].map((name) => preflight.headers.get(`access-control-allow-${name}`));
  equal([preflight.status, ...allowed], [200, 'https://a.test', 'GET'], 'a preflight');
  const read = await send('/cors', { headers: { origin: 'https://a.test' } });
  equal([read.status, read.headers.get('access-control-allow-origin')], [200, 'https://a.test'], 'a response');
  await read.text();
}

/** Counts what comes, with its length. */
async function withCounter(use: (port: number, seen: readonly number[]) => Promise<void>): Promise<void> {
  const seen: number[] = [];
  const server = createServer((req, res) => {
    let length = 0;
    req.on('data', (chunk: Uint8Array) => {
      length += chunk.byteLength;
    });
    req.on('end', () => {
      seen.push(length);
      res.end('seen');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use((server.address() as AddressInfo).port, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function checkMirror(
  send: (path: string, init?: RequestInit) => Promise<Response>,
  seen: readonly number[],
): Promise<void> {
  const body = 'x'.repeat(100_000);
  const response = await send('/mirrored', { method: 'POST', body });
  equal([response.status, await response.text()], [200, 'seen'], 'the answer');
  for (let tries = 0; tries < 400 && seen.length < 2; tries++) await delay(5);
  equal(seen, [body.length, body.length], 'the original and its copy');
}

function equal(found: unknown, wanted: unknown, what: string): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
  }
}

/** Answers with what came, as JSON; `/slow` in two pieces. */
async function withEcho(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((req, res) => {
    let body = '';
    req.setEncoding('latin1').on('data', (text: string) => {
      body += text;
    });
    req.on('end', () => {
      if (req.url === '/slow') {
        res.write('first');
        setTimeout(() => res.end('second'), 50);
        return;
      }
      res.setHeader('set-cookie', ['a=1', 'b=2']);
      res.end(
        JSON.stringify({
          method: req.method,
          path: req.url,
          host: req.headers.host,
          length: body.length,
          via: req.headers['x-via'],
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Answers in pieces, without a length. */
async function withChunks(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.write('one ');
      response.end('two');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function withStandalone(
  resources: GatewayResources,
  use: (port: number, apply: (next: GatewayResources) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const gateway = createStandaloneGateway();
  try {
    await gateway.apply(resources);
    await use(gateway.addresses().get('web')?.port ?? 0, (next) => gateway.apply(next));
  } finally {
    await gateway.close({ drainTimeoutMs: 100 });
  }
}

/** Sends bytes and reads until `end` is seen. */
function exchangeBytes(port: number, sent: string, end: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(sent));
    const timer = setTimeout(() => socket.destroy(new Error(`only got ${JSON.stringify(text)}`)), 5000);
    socket.on('data', (chunk) => {
      text += String(chunk);
      if (!text.includes(end)) return;
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    });
    socket.on('error', reject);
  });
}

const checks: Record<string, Check> = {
  'standalone: forwards requests with bodies': () =>
    withEcho((echo) =>
      withStandalone(state([forwarding], echo), async (port) => {
        const body = 'x'.repeat(1_000_000);
        const response = await fetch(`http://127.0.0.1:${port}/a?b=1`, { method: 'POST', body });
        equal(response.status, 200, 'status');
        equal(response.headers.get('server'), 'envoy', 'server');
        equal(response.headers.getSetCookie(), ['a=1', 'b=2'], 'cookies');
        const seen = { method: 'POST', path: '/a?b=1', host: `127.0.0.1:${port}`, length: body.length };
        equal(await response.json(), seen, 'what the endpoint saw');
      }),
    ),
  'standalone: a filter in WebAssembly': () =>
    withChunks((endpoint) =>
      withGateFile((manager) =>
        withStandalone(state([forwarding], endpoint, manager), (port) => checkGate(`http://127.0.0.1:${port}`, equal)),
      ),
    ),
  'mounted: a filter in WebAssembly': (runtime) =>
    withChunks((endpoint) =>
      withGateFile(async (manager) => {
        const gateway = createGateway({ resources: state([forwarding], endpoint, manager) });
        const server = await runtime.serve((request) => gateway.fetch(request));
        try {
          await checkGate(`http://127.0.0.1:${server.port}`, equal);
        } finally {
          await server.close();
          gateway.close();
        }
      }),
    ),
  'Hono: a filter in WebAssembly as middleware': async (runtime) => {
    const app = await gateApplication();
    const server = await runtime.serve(app.fetch);
    try {
      await checkGate(`http://127.0.0.1:${server.port}`, equal);
    } finally {
      await server.close();
    }
  },
  'standalone: faults, CORS and mirrors': () =>
    withCounter((endpoint, seen) =>
      withStandalone(state(filtered, endpoint, withFilters), async (port) => {
        const send = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
        await checkMirror(send, seen);
        await checkRouteFilters(send);
      }),
    ),
  'mounted: faults, CORS and mirrors': async () => {
    for (const create of [createGateway, createPortableGateway]) {
      await withCounter(async (endpoint, seen) => {
        const gateway = create({ resources: state(filtered, endpoint, withFilters) });
        const send = (path: string, init?: RequestInit) => gateway.fetch(new Request(`http://shop.test${path}`, init));
        await checkMirror(send, seen);
        await checkRouteFilters(send);
        gateway.close();
      });
    }
  },
  'standalone: answers as Envoy what it refuses': () =>
    withStandalone(state([forwarding], 9), async (port) => {
      const refused = await exchangeBytes(port, 'GET / HTTP/1.1\r\nHost: a\r\nx : y\r\n\r\n', 'Bad Request');
      equal(refused.split('\r\n')[0], 'HTTP/1.1 400 Bad Request', 'a space before the colon');
      const failed = await exchangeBytes(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'remote connection failure');
      equal(failed.split('\r\n')[0], 'HTTP/1.1 503 Service Unavailable', 'a refused connection');
    }),
  'standalone: takes a new state without a new socket': () =>
    withStandalone(state([answering(201)], 9), async (port, apply) => {
      equal((await fetch(`http://127.0.0.1:${port}/`)).status, 201, 'before');
      await apply(state([answering(202)], 9));
      equal((await fetch(`http://127.0.0.1:${port}/`)).status, 202, 'after');
    }),
  'standalone: tunnels WebSocket': async () => {
    const server = createNetServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
        socket.on('data', (data) => socket.write(`<${data}>`));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const manager = { upgradeConfigs: [{ upgradeType: 'websocket' }] };
    await withStandalone(state([forwarding], (server.address() as AddressInfo).port, manager), async (port) => {
      const text = await new Promise<string>((resolve, reject) => {
        let all = '';
        const socket = connect(port, '127.0.0.1', () =>
          socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
        );
        socket.on('error', reject);
        socket.on('data', (chunk) => {
          const before = all;
          all += String(chunk);
          if (!before.includes('\r\n\r\n') && all.includes('\r\n\r\n')) socket.write('ping');
          if (all.includes('<ping>')) {
            socket.destroy();
            resolve(all);
          }
        });
        setTimeout(() => reject(new Error(`only got ${JSON.stringify(all)}`)), 5000).unref?.();
      });
      equal(text.startsWith('HTTP/1.1 101 '), true, 'status');
    });
    server.close();
  },
  'standalone: HTTP/2 with prior knowledge': () =>
    withEcho((echo) =>
      withStandalone(state([forwarding], echo), async (port) => {
        const session = connectHttp2(`http://127.0.0.1:${port}`);
        const body = await new Promise<string>((resolve, reject) => {
          const stream = session.request({ ':path': '/h2', ':method': 'POST' });
          let text = '';
          stream.setEncoding('latin1').on('data', (chunk: string) => {
            text += chunk;
          });
          stream.on('end', () => resolve(text));
          stream.on('error', reject);
          stream.end('abc');
        });
        session.close();
        equal((JSON.parse(body) as { path: string; length: number }).length, 3, 'body length');
      }),
    ),
  'standalone: HTTP/2 to endpoints, with trailers both ways': async () => {
    const seen: string[] = [];
    const server = createHttp2Server();
    server.on('stream', (stream, headers) => {
      stream.on('trailers', (trailers) => seen.push(`trailer ${trailers['x-sum']}`));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.on('data', (chunk: Buffer) => stream.write(`${headers[':path']} ${chunk}`));
      stream.on('end', () => stream.end());
      stream.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = (server.address() as AddressInfo).port;
    await withStandalone(state([forwarding], endpoint, {}, { http2ProtocolOptions: {} }), async (port) => {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      for (let round = 0; round < 3; round++) {
        const stream = session.request(
          { ':path': '/s', ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' },
          { waitForTrailers: true, endStream: false },
        );
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '3' }));
        let text = '';
        stream.setEncoding('latin1').on('data', (chunk: string) => {
          text += chunk;
        });
        const trailers = new Promise<Record<string, unknown>>((resolve, reject) => {
          stream.on('trailers', (fields) => resolve(fields as Record<string, unknown>));
          stream.on('error', reject);
        });
        stream.end('abc');
        equal((await trailers)['grpc-status'], '0', 'trailer of the answer');
        equal(text, '/s abc', 'body');
      }
      session.close();
      equal(seen, ['trailer 3', 'trailer 3', 'trailer 3'], 'trailers of the requests');
    });
    server.close();
  },
  'standalone: follows a control plane': async () => {
    let { listeners, clusters } = state([answering(201)], 9);
    const compiled = (): CompiledView => ({
      resources: new Map([
        [
          LISTENER_TYPE_URL,
          new Map(
            [...listeners].map(([name, value]) => [
              name,
              xdsResource(LISTENER_TYPE_URL, name, toBinary(ListenerSchema, value)),
            ]),
          ),
        ],
        [
          CLUSTER_TYPE_URL,
          new Map(
            [...clusters].map(([name, value]) => [
              name,
              xdsResource(CLUSTER_TYPE_URL, name, toBinary(ClusterSchema, value)),
            ]),
          ),
        ],
      ]),
      diagnostics: [],
      provenance: () => undefined,
    });
    const server = createDiscoveryServer({ resolveView: (node) => viewOf(node, new Set()), compile: () => compiled() });
    const node = { id: 'router~127.0.0.1~gw.shop~shop.svc.cluster.local' };
    const gateway = createStandaloneGateway({ xds: { transport: server.connect(), node } });
    await gateway.ready;
    const port = gateway.addresses().get('web')?.port ?? 0;
    equal((await fetch(`http://127.0.0.1:${port}/`)).status, 201, 'the first state');
    ({ listeners, clusters } = state([answering(202)], 9));
    server.update();
    await server.settled();
    equal((await fetch(`http://127.0.0.1:${port}/`)).status, 202, 'the second state');
    await gateway.close({ drainTimeoutMs: 100 });
    await server.close();
  },
  'mounted: stands between middleware of a Hono app': (runtime) =>
    withEcho(async (echo) => {
      const gateway = createGateway({ resources: state([forwarding], echo) });
      const response = await throughHono(runtime, gateway, '/a?b=1', {
        method: 'POST',
        body: 'hello',
        headers: { host: 'shop.example' },
      });
      equal(response.status, 200, 'status');
      equal(response.headers.get('x-through'), 'hono', 'the header of the middleware');
      equal(response.headers.getSetCookie(), ['a=1', 'b=2'], 'cookies');
      const { host: _, ...seen } = JSON.parse(response.body) as { host: string };
      equal(seen, { method: 'POST', path: '/a?b=1', length: 5, via: 'middleware' }, 'what the endpoint saw');
      gateway.close();
    }),
  'mounted: streams': (runtime) =>
    withEcho(async (echo) => {
      const gateway = createGateway({ resources: state([forwarding], echo) });
      const { body } = await throughHono(runtime, gateway, '/slow');
      equal(body, 'firstsecond', 'body');
      gateway.close();
    }),
  'mounted: over fetch': (runtime) =>
    withEcho(async (echo) => {
      const gateway = createPortableGateway({ resources: state([forwarding], echo) });
      const response = await throughHono(runtime, gateway, '/a', { method: 'POST', body: 'hello' });
      equal(response.status, 200, 'status');
      const { length } = JSON.parse(response.body) as { length: number };
      equal(length, 5, 'body length');
      gateway.close();
    }),
  'mounted: refuses what a Response cannot carry': async (runtime) => {
    const gateway = createGateway({ resources: state([forwarding], 9) });
    const response = await throughHono(runtime, gateway, '/', {
      method: 'POST',
      headers: { 'content-type': 'application/grpc' },
    });
    equal(response.body, 'Cannot serve gRPC: a gateway mounted through fetch has no trailers\n', 'body');
    gateway.close();
  },
};

async function throughHono(
  runtime: Runtime,
  gateway: Gateway,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; headers: Headers; body: string }> {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header('x-through', 'hono');
  });
  app.all('*', (c) => {
    const request = new Request(c.req.raw);
    request.headers.set('x-via', 'middleware');
    return gateway.fetch(request);
  });
  const server = await runtime.serve(app.fetch);
  try {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    return { status: response.status, headers: response.headers, body: await response.text() };
  } finally {
    await server.close();
  }
}

/** Runs every check; `skipped` says with a reason what a runtime cannot do. The process ends with 1 when one fails. */
export async function runGatewaySuite(runtime: Runtime, skipped: Readonly<Record<string, string>> = {}): Promise<void> {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    const reason = skipped[name];
    if (reason !== undefined) {
      console.log(JSON.stringify({ runtime: runtime.name, check: name, skipped: reason }));
      continue;
    }
    try {
      await Promise.race([
        check(runtime),
        delay(15_000, undefined, { ref: false }).then(() => Promise.reject(new Error('took over 15 s'))),
      ]);
      console.log(JSON.stringify({ runtime: runtime.name, check: name, ok: true }));
    } catch (error) {
      failed++;
      console.log(JSON.stringify({ runtime: runtime.name, check: name, ok: false, error: String(error) }));
    }
  }
  process.exit(failed === 0 ? 0 : 1);
}
