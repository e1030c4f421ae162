import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { create, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { buildBootstrap, type RunningEnvoy, runEnvoy } from '@heddle/agent';
import { loadRegistry } from '@heddle/envoy-api';
import { Bootstrap_StaticResourcesSchema, BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { RawClient } from '../parity/raw-http.ts';
import { freePorts } from '../support/free-ports.ts';
import { type Outcome, type TestRequest, testHeaders } from './simulate.ts';

/** Route configurations served by a real Envoy, each on a listener of its own. */
export interface StaticEnvoy extends AsyncDisposable {
  /** Sends a request to the listener of a route configuration and says what Envoy did. */
  ask(configuration: number, request: TestRequest): Promise<Outcome>;
}

/** One listener: the route configuration and the connection manager's path settings, in protobuf JSON. */
export interface StaticListener {
  readonly routes: JsonObject;
  readonly manager?: JsonObject;
}

/** Starts the Envoy at `path` with the listeners and an echoing backend, cluster `echo` (and `other`, the same one). */
export async function startStaticEnvoy(path: string, listeners: readonly StaticListener[]): Promise<StaticEnvoy> {
  const backend = http.createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ path: request.url, headers: request.rawHeaders }));
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const { port } = backend.address() as AddressInfo;
  const ports = await freePorts(listeners.length);
  const resources = fromJson(
    Bootstrap_StaticResourcesSchema,
    {
      clusters: ['echo', 'other'].map((name) => clusterJson(name, port)),
      listeners: listeners.map((listener, i) => listenerJson(i, ports[i] ?? 0, listener)),
    },
    { registry: await loadRegistry() },
  );
  const bootstrap = create(BootstrapSchema, {
    ...buildBootstrap({ node: { id: 'test' } }),
    staticResources: resources,
  });
  let envoy: RunningEnvoy;
  try {
    envoy = await runEnvoy({ path, bootstrap, logLevel: 'error', concurrency: 1, drainMs: 0 });
  } catch (error) {
    backend.close();
    throw error;
  }
  const clients = ports.map((to) => new RawClient(to));
  return {
    ask: (configuration, request) => ask(clients[configuration], request),
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await envoy.stop();
      backend.closeAllConnections();
      backend.close();
    },
  };
}

async function ask(client: RawClient | undefined, request: TestRequest): Promise<Outcome> {
  if (client === undefined) throw new Error('no such configuration');
  const response = await client.send({
    method: request.method ?? 'GET',
    target: request.path,
    headers: ['host', request.authority, ...(request.headers ?? [])],
    body: [],
  });
  const header = (name: string) => {
    const at = response.headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name);
    return at < 0 ? undefined : response.headers[at + 1];
  };
  const location = header('location');
  const route = header('x-route');
  const outcome: Outcome = {
    status: response.status,
    ...(location === undefined ? {} : { location }),
    ...(route === undefined ? {} : { route }),
  };
  if (header('content-type') !== 'application/json') return outcome;
  const echoed = JSON.parse(response.body.toString('utf8')) as { path: string; headers: string[] };
  const host = echoed.headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === 'host');
  const headers = testHeaders(echoed.headers);
  return { ...outcome, upstream: { path: echoed.path, authority: echoed.headers[host + 1] ?? '', headers } };
}

function clusterJson(name: string, port: number): JsonObject {
  return {
    name,
    type: 'STATIC',
    connectTimeout: '2s',
    loadAssignment: {
      clusterName: name,
      endpoints: [
        { lbEndpoints: [{ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: port } } } }] },
      ],
    },
  };
}

function listenerJson(index: number, port: number, { routes, manager }: StaticListener): JsonObject {
  return {
    name: `listener-${index}`,
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typedConfig: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              statPrefix: `listener-${index}`,
              routeConfig: {
                ...routes,
                responseHeadersToAdd: [{ header: { key: 'x-route', value: '%ROUTE_NAME%' } }],
              },
              httpFilters: [
                {
                  name: 'envoy.filters.http.router',
                  typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
                },
              ],
              ...manager,
            },
          },
        ],
      },
    ],
  };
}
