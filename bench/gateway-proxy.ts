/** The programs that bench/gateway.ts compares; each prints its port and serves until it is killed. */
import { createServer } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { ClusterSchema } from '@heddle/envoy-api/cluster';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { benchCluster, benchListener } from './gateway-envoy.ts';

const [kind, backendPort = '0', routes = '1'] = process.argv.slice(2);

const programs: Record<string, () => Promise<number>> = { backend, bare, heddle, hono };
const program = programs[kind ?? ''];
if (program === undefined)
  throw new Error(`Unknown program "${kind}", wanted one of ${Object.keys(programs).join(', ')}`);
console.log(await program());

async function backend(): Promise<number> {
  const body = 'x'.repeat(100);
  const head = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\ncontent-length: ${body.length}`;
  const response = Buffer.from(`${head}\r\n\r\n${body}`);
  const server = createNetServer({ noDelay: true }, (socket) => {
    // Requests of the benchmark fit one packet and are never pipelined.
    socket.on('data', () => socket.write(response));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

/** The floor: node:http in, undici dispatch out, raw headers, nothing else. */
async function bare(): Promise<number> {
  const { Pool } = await import('undici');
  const pool = new Pool(`http://127.0.0.1:${backendPort}`, { connections: null, pipelining: 1 });
  const server = createServer((req, res) => {
    pool.dispatch(
      { path: req.url ?? '/', method: 'GET', headers: req.rawHeaders },
      {
        onRequestStart() {},
        onResponseStart(controller, status) {
          res.writeHead(
            status,
            (controller.rawHeaders as Buffer[]).map((field) => field.toString('latin1')),
          );
        },
        onResponseData(controller, chunk) {
          if (!res.write(chunk)) {
            controller.pause();
            res.once('drain', () => controller.resume());
          }
        },
        onResponseEnd() {
          res.end();
        },
        onResponseError() {
          res.destroy();
        },
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

async function heddle(): Promise<number> {
  const { registry } = await import('@heddle/envoy-api/registry');
  const { createStandaloneGateway, fileSink } = await import('@heddle/gateway/node');
  const listener = fromJson(ListenerSchema, benchListener(0, Number(routes)) as JsonValue, { registry });
  const cluster = fromJson(ClusterSchema, benchCluster(Number(backendPort)) as JsonValue, { registry });
  const gateway = createStandaloneGateway({ accessLogSink: fileSink().write });
  await gateway.apply({
    listeners: new Map([['bench', listener]]),
    clusters: new Map([['backend', cluster]]),
    routes: new Map(),
    endpoints: new Map(),
  });
  return gateway.addresses().get('bench')?.port ?? 0;
}

async function hono(): Promise<number> {
  const { serve } = await import('@hono/node-server');
  const { Hono } = await import('hono');
  const { proxy } = await import('hono/proxy');
  const app = new Hono();
  app.all('*', (c) => {
    const { pathname, search } = new URL(c.req.url);
    return proxy(`http://127.0.0.1:${backendPort}${pathname}${search}`, { ...c.req });
  });
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) => resolve(info.port));
  });
}
