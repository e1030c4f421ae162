import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import {
  clusterOf,
  type Echo,
  listenerOf,
  rawRequest,
  resourcesOf,
  startEcho,
  startServer,
  startTcp,
} from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';

const everything: JsonObject = { match: { prefix: '/' }, route: { cluster: 'c', timeout: '0s' } };

function startProxy(port: number, manager: JsonObject = {}) {
  return startGateway(resourcesOf([listenerOf({ routes: [everything], manager })], [clusterOf('c', [port])]));
}

describe('bodies', () => {
  test('of megabytes arrive whole in both directions', async () => {
    await using server = await startServer((req, res) => void req.pipe(res));
    await using running = await startProxy(server.port);
    const body = Buffer.alloc(5_000_000, 'abcdefghijklmnopqrstuvwxyz');
    const response = await fetch(`http://127.0.0.1:${running.port}/`, { method: 'POST', body });
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    const [exchange] = await running.finishedCount(1);
    expect(exchange).toMatchObject({ bytesReceived: body.length, bytesSent: body.length });
  });

  test('flow piece by piece: each piece passes before the next is sent', async () => {
    await using server = await startServer((req, res) => {
      res.writeHead(200);
      req.on('data', (chunk: Buffer) => res.write(`<${chunk}>`));
      req.on('end', () => res.end());
    });
    await using running = await startProxy(server.port);
    const socket = connect(running.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    const until = async (part: string) => {
      while (!text.includes(part)) await new Promise((resolve) => socket.once('data', resolve));
    };
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
    await until('<one>');
    socket.write('3\r\ntwo\r\n');
    await until('<two>');
    socket.write('0\r\n\r\n');
    await until('\r\n0\r\n\r\n');
    socket.destroy();
  });

  test('a client that does not read makes the endpoint wait', async () => {
    const total = 64 * 1024 * 1024;
    let written = 0;
    const stalled = Promise.withResolvers<void>();
    await using server = await startServer((_req, res) => {
      res.writeHead(200, { 'content-length': total });
      const chunk = Buffer.alloc(64 * 1024);
      const write = () => {
        while (written < total) {
          written += chunk.length;
          if (!res.write(chunk)) {
            res.once('drain', write);
            return;
          }
        }
      };
      write();
      // Nothing is read: writing stops once every buffer on the way is full.
      let last = -1;
      const watch = () => {
        if (written === last) stalled.resolve();
        else {
          last = written;
          setTimeout(watch, 300);
        }
      };
      watch();
    });
    await using running = await startProxy(server.port);
    const socket = connect(running.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    socket.pause();
    await stalled.promise;
    expect(written).toBeLessThan(total / 2);
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    socket.resume();
    await running.finishedCount(1);
    while (received < total) await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
  });

  test('an endpoint that does not read makes the client wait', async () => {
    const held: Socket[] = [];
    await using server = await startTcp((socket) => {
      socket.pause();
      held.push(socket);
    });
    await using running = await startProxy(server.port);
    const total = 64 * 1024 * 1024;
    const socket = connect(running.port, '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    const stalled = Promise.withResolvers<void>();
    const write = () => {
      while (written < total) {
        written += chunk.length;
        if (!socket.write(chunk)) {
          const timer = setTimeout(() => stalled.resolve(), 500);
          socket.once('drain', () => {
            clearTimeout(timer);
            write();
          });
          return;
        }
      }
    };
    write();
    await stalled.promise;
    expect(written).toBeLessThan(total / 2);
    socket.destroy();
  });
});

describe('upgrades', () => {
  const websocket =
    'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n';
  const manager: JsonObject = { upgradeConfigs: [{ upgradeType: 'websocket' }] };

  test('tunnel the bytes of both sides', async () => {
    let head = '';
    await using server = await startTcp((socket) => {
      socket.once('data', (data) => {
        head = String(data);
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nhello',
        );
        socket.on('data', (more) => socket.write(`[${more}]`));
      });
    });
    await using running = await startProxy(server.port, manager);
    const socket = connect(running.port, '127.0.0.1', () => socket.write(`${websocket}early`));
    let text = '';
    const until = async (part: string) => {
      while (!text.includes(part)) await new Promise((resolve) => socket.once('data', resolve));
    };
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    await until('[early]');
    socket.write('more');
    await until('[more]');
    socket.end();
    const [exchange] = await running.finishedCount(1);
    expect(text.split('\r\n')[0]).toBe('HTTP/1.1 101 Switching Protocols');
    expect(text).toMatch(/upgrade: websocket\r\n/i);
    expect(text).toMatch(/connection: Upgrade\r\n/i);
    expect(head).toMatch(/connection: Upgrade\r\nupgrade: websocket\r\n/);
    expect(head).toContain('sec-websocket-key: k');
    expect(exchange).toMatchObject({ responseStatus: 101 });
  });

  test('that the endpoint declines end without its body', async () => {
    await using server = await startServer((_req, res) => res.end('no websockets here'));
    await using running = await startProxy(server.port, manager);
    const response = await rawRequest(running.port, websocket);
    expect(response).toMatchObject({ status: 200, body: '' });
    expect(response.headers).toMatchObject({ connection: 'close', 'content-length': '0' });
  });

  test('a route can forbid what the connection manager allows', async () => {
    await using server = await startTcp(() => {});
    const route: JsonObject = {
      match: { prefix: '/' },
      route: { cluster: 'c', upgradeConfigs: [{ upgradeType: 'websocket', enabled: false }] },
    };
    await using running = await startGateway(
      resourcesOf([listenerOf({ routes: [route], manager })], [clusterOf('c', [server.port])]),
    );
    expect(await rawRequest(running.port, websocket)).toMatchObject({ status: 403 });
  });
});

describe('HTTP/2 with prior knowledge', () => {
  interface Answer {
    readonly status: number;
    readonly headers: Record<string, unknown>;
    readonly body: string;
    readonly trailers: Record<string, unknown> | undefined;
  }

  function send(
    session: ClientHttp2Session,
    headers: Record<string, string | string[]>,
    body?: string,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = session.request(headers, { endStream: body === undefined });
      let head: Record<string, unknown> = {};
      let text = '';
      let trailers: Record<string, unknown> | undefined;
      stream.on('response', (received) => {
        head = received;
      });
      stream.on('trailers', (received) => {
        trailers = received;
      });
      stream.on('data', (chunk) => {
        text += String(chunk);
      });
      stream.on('close', () => resolve({ status: Number(head[':status']), headers: head, body: text, trailers }));
      stream.on('error', reject);
      if (body !== undefined) stream.end(body);
    });
  }

  test('shares the port with HTTP/1.1', async () => {
    await using echo = await startEcho();
    await using running = await startProxy(echo.port);
    const session = connectHttp2(`http://127.0.0.1:${running.port}`);
    const [first, second] = await Promise.all([
      send(session, { ':path': '/a', ':authority': 'shop.example', cookie: ['a=1', 'b=2'] }),
      send(session, { ':path': '/b', ':method': 'POST' }, 'body'),
    ]);
    expect(await rawRequest(running.port, 'GET /c HTTP/1.1\r\nHost: a\r\n\r\n')).toMatchObject({ status: 200 });
    expect(first).toMatchObject({ status: 200, headers: { server: 'envoy', 'x-served-by': 'echo' } });
    expect(JSON.parse(first.body) as Echo).toMatchObject({ path: '/a', headers: { host: 'shop.example' } });
    expect(JSON.parse(second.body) as Echo).toMatchObject({ method: 'POST', body: 'body' });
    session.close();
    const protocols = (await running.finishedCount(3)).map(({ protocol }) => protocol);
    expect(protocols.sort()).toEqual(['HTTP/1.1', 'HTTP/2', 'HTTP/2']);
  });

  test.each([true, false])('forwards trailers of the endpoint when they are enabled: %s', async (enableTrailers) => {
    await using server = await startServer((_req, res) => {
      res.writeHead(200, { trailer: 'x-sum' });
      res.write('abc');
      res.addTrailers({ 'x-sum': '3' });
      res.end();
    });
    const cluster = clusterOf('c', [server.port], { httpProtocolOptions: { enableTrailers } });
    await using running = await startGateway(resourcesOf([listenerOf({ routes: [everything] })], [cluster]));
    const session = connectHttp2(`http://127.0.0.1:${running.port}`);
    const { body, trailers } = await send(session, { ':path': '/' });
    expect(body).toBe('abc');
    expect(trailers?.['x-sum']).toBe(enableTrailers ? '3' : undefined);
    session.close();
  });

  test('gets local replies', async () => {
    await using running = await startGateway(resourcesOf([listenerOf({ routes: [everything] })], [clusterOf('c', [])]));
    const session = connectHttp2(`http://127.0.0.1:${running.port}`);
    expect(await send(session, { ':path': '/' })).toMatchObject({ status: 503, body: 'no healthy upstream' });
    expect(await send(session, { ':path': '/', ':method': 'HEAD' })).toMatchObject({ status: 503, body: '' });
    session.close();
  });

  test('a stream that the client resets ends the request to the endpoint', async () => {
    const arrived = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    await using server = await startServer((req) => {
      arrived.resolve();
      req.on('close', () => gone.resolve());
    });
    await using running = await startProxy(server.port);
    const session = connectHttp2(`http://127.0.0.1:${running.port}`);
    const stream = session.request({ ':path': '/' });
    await arrived.promise;
    stream.close(8);
    await gone.promise;
    const [exchange] = await running.finishedCount(1);
    expect(exchange?.responseFlags).toEqual(['DC']);
    session.close();
  });
});
