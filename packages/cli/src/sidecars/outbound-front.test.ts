import { createServer, type Server } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type OutboundFront, openOutboundFront } from './outbound-front.ts';

const HOST = '127.0.0.1';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listening(server: Server | TcpServer | ReturnType<typeof createHttp2Server>): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ host: HOST, port: 0 }, resolve));
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function front(boundPorts: Record<number, number>, httpProxyPort = 1): Promise<OutboundFront> {
  const opened = await openOutboundFront({
    address: HOST,
    boundPort: (port) => boundPorts[port],
    httpProxyPort: () => httpProxyPort,
  });
  cleanups.push(() => opened.close());
  return opened;
}

/** Sends bytes in the given pieces, each in a packet of its own, ends, and resolves with all that came back. */
function exchange(port: number, ...pieces: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: HOST, noDelay: true });
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.once('end', () => resolve(answer));
    socket.once('error', reject);
    const send = ([piece, ...rest]: readonly string[]) => {
      if (piece === undefined) return void socket.end();
      socket.write(piece, 'latin1');
      setImmediate(send, rest);
    };
    socket.once('connect', () => send(pieces));
  });
}

describe('openOutboundFront', () => {
  test('CONNECT leads to the listener of the port, and the requests inside to nobody else', async () => {
    const seen: string[] = [];
    const sidecar = await listening(
      createServer((request, response) => {
        seen.push(`${request.method} ${request.url} ${request.headers.host}`);
        response.setHeader('connection', 'close').end('through the mesh');
      }),
    );
    const { port } = await front({ 9080: sidecar });
    const answer = await exchange(
      port,
      'CONN',
      'ECT reviews:9080 HTTP/1.1\r\nHost: reviews:9080\r\n',
      '\r\nGET /1 HTTP/1.1\r\nHost: reviews:9080\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 Connection Established\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('through the mesh');
    expect(seen).toEqual(['GET /1 reviews:9080']);
  });

  test('what is no CONNECT goes to the HTTP proxy listener as it is, HTTP/2 as well', async () => {
    const http1 = await listening(createServer((request, response) => response.end(request.url)));
    const first = await front({}, http1);
    const request = 'GET http://reviews:9080/1 HTTP/1.1\r\nHost: reviews:9080\r\nConnection: close\r\n\r\n';
    expect(await exchange(first.port, request)).toContain('http://reviews:9080/1');

    const http2 = await listening(
      createHttp2Server((incoming, response) => {
        response.end(incoming.authority);
      }),
    );
    const second = await front({}, http2);
    const session = connectHttp2(`http://${HOST}:${second.port}`);
    cleanups.push(() => session.destroy());
    const stream = session.request({ ':authority': 'ratings:9090' });
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += chunk;
    expect(text).toBe('ratings:9090');
  });

  test('bytes of any protocol flow both ways, each until its end', async () => {
    const sidecar = await listening(
      createTcpServer({ allowHalfOpen: true }, (socket) => {
        let got = '';
        socket.on('data', (chunk) => {
          got += chunk.toString();
        });
        socket.on('end', () => socket.end(`got ${got.length}`));
      }),
    );
    const { port } = await front({ 7070: sidecar });
    const answer = await exchange(port, 'CONNECT inventory:7070 HTTP/1.1\r\n\r\n', 'x'.repeat(300_000));
    expect(answer).toBe('HTTP/1.1 200 Connection Established\r\n\r\ngot 300000');
  });

  test.each([
    [
      'a port that no service has',
      'CONNECT reviews:1 HTTP/1.1\r\n\r\n',
      502,
      'no service of the mesh has port 1 ("reviews")',
    ],
    ['a target without a port', 'CONNECT reviews HTTP/1.1\r\n\r\n', 400, 'wanted CONNECT HOST:PORT'],
    ['a head without an end', `CONNECT ${'x'.repeat(20_000)}`, 431, 'the head is too long'],
    ['a sidecar that does not listen', 'CONNECT reviews:9080 HTTP/1.1\r\n\r\n', 503, 'does not serve this port'],
  ])('%s is refused', async (_what, head, status, reason) => {
    const closed = await listening(createTcpServer());
    await cleanups.pop()?.();
    const { port } = await front({ 9080: closed });
    const answer = await exchange(port, head);
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain(reason);
  });
});
