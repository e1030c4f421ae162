/** Builders for the gateway's tests: Envoy resources from the lines that matter, echo servers, raw requests. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { connect, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { type Cluster, ClusterSchema } from '@heddle/envoy-api/cluster';
import { type Listener, ListenerSchema } from '@heddle/envoy-api/listener';
import { registry } from '@heddle/envoy-api/registry';
import type { GatewayResources } from '../src/runtime/resources.ts';

const managerType =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const routerType = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';

/** A listener with one connection manager; `manager` and `virtualHost` are Envoy JSON laid over the defaults. */
export function listenerOf(options: {
  name?: string;
  port?: number;
  routes?: readonly JsonObject[];
  virtualHost?: JsonObject;
  manager?: JsonObject;
  router?: JsonObject;
}): Listener {
  const { name = 'web', port = 0, routes = [], virtualHost = {}, manager = {}, router = {} } = options;
  return fromJson(
    ListenerSchema,
    {
      name,
      address: { socketAddress: { address: '127.0.0.1', portValue: port } },
      filterChains: [
        {
          filters: [
            {
              name: 'envoy.filters.network.http_connection_manager',
              typedConfig: {
                '@type': managerType,
                statPrefix: name,
                httpFilters: [{ name: 'envoy.filters.http.router', typedConfig: { '@type': routerType, ...router } }],
                routeConfig: {
                  name: 'routes',
                  virtualHosts: [{ name: 'all', domains: ['*'], routes: [...routes], ...virtualHost }],
                },
                ...manager,
              },
            },
          ],
        },
      ],
    },
    { registry },
  );
}

/** A STATIC cluster over `host:port` endpoints; `more` is Envoy JSON laid over it. */
export function clusterOf(
  name: string,
  endpoints: readonly (number | { port: number; weight?: number; health?: string; host?: string })[],
  more: JsonObject = {},
): Cluster {
  const lbEndpoints = endpoints.map((endpoint) => {
    const { port, weight, health, host } =
      typeof endpoint === 'number'
        ? { port: endpoint, weight: undefined, health: undefined, host: undefined }
        : { weight: undefined, health: undefined, host: undefined, ...endpoint };
    return {
      endpoint: { address: { socketAddress: { address: host ?? '127.0.0.1', portValue: port } } },
      ...(weight === undefined ? {} : { loadBalancingWeight: weight }),
      ...(health === undefined ? {} : { healthStatus: health }),
    };
  });
  return fromJson(
    ClusterSchema,
    {
      name,
      type: 'STATIC',
      connectTimeout: '1s',
      loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints }] },
      ...more,
    },
    { registry },
  );
}

/** A state of listeners and clusters, routes inlined. */
export function resourcesOf(listeners: readonly Listener[], clusters: readonly Cluster[]): GatewayResources {
  return {
    listeners: new Map(listeners.map((listener) => [listener.name, listener])),
    clusters: new Map(clusters.map((cluster) => [cluster.name, cluster])),
    routes: new Map(),
    endpoints: new Map(),
  };
}

/** What an echo server says about a request it got. */
export interface Echo {
  readonly method: string;
  readonly path: string;
  /** Lower-case names; repeated ones joined by a comma and space. */
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly server: string;
}

/** A running server on 127.0.0.1, closed with everything on it by `await using`. */
export interface Running extends AsyncDisposable {
  readonly port: number;
}

/** Answers every request with a JSON description of it. */
export function startEcho(name = 'echo'): Promise<Running> {
  return startServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const echo: Echo = {
        method: req.method ?? '',
        path: req.url ?? '',
        headers: req.headers as Record<string, string>,
        body: Buffer.concat(chunks).toString('latin1'),
        server: name,
      };
      res.setHeader('content-type', 'application/json');
      res.setHeader('x-served-by', name);
      res.end(JSON.stringify(echo));
    });
  });
}

/** A node:http server around a handler. */
export async function startServer(
  handler: RequestListener,
  onServer: (server: Server) => void = () => {},
): Promise<Running> {
  const server = createServer((req: IncomingMessage, res: ServerResponse) => handler(req, res));
  // Idle connections close only when the gateway closes them.
  server.keepAliveTimeout = 0;
  onServer(server);
  return listen(server, () => server.closeAllConnections());
}

/** A TCP server that hands each connection to `handler`. */
export async function startTcp(handler: (socket: Socket) => void): Promise<Running> {
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    handler(socket);
  });
  return listen(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

async function listen(server: Server | NetServer, closeConnections: () => void): Promise<Running> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      closeConnections();
      await closed;
    },
  };
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  await using server = await startTcp(() => {});
  return server.port;
}

/** A response read from a raw connection. */
export interface RawResponse {
  readonly status: number;
  /** Lower-case names; repeated ones joined by a comma. */
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly text: string;
}

/** Sends bytes as they are (Latin-1) and reads until the response is complete or the connection closes. */
export function rawRequest(port: number, request: string): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(request, 'latin1'));
    const finish = () => {
      socket.destroy();
      resolve(parseResponse(text));
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isComplete(text, request.startsWith('HEAD'))) finish();
    });
    socket.on('end', finish);
    socket.on('error', (error) => (text === '' ? reject(error) : finish()));
  });
}

function isComplete(text: string, isHead: boolean): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const head = text.slice(0, end).toLowerCase();
  if (/^http\/1\.1 1\d\d/.test(head)) {
    return !head.startsWith('http/1.1 101') && isComplete(text.slice(end + 4), isHead);
  }
  if (isHead || /^http\/1\.1 (204|304)/.test(head)) return true;
  const length = /content-length: (\d+)/.exec(head);
  if (length !== null) return text.length >= end + 4 + Number(length[1]);
  return head.includes('transfer-encoding: chunked') && text.endsWith('0\r\n\r\n');
}

function parseResponse(text: string): RawResponse {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body: text.slice(end + 4), text };
}
