import { createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { readClientHello } from './client-hello.ts';

/** The first bytes that a TLS client sends. */
function helloOf(options: { readonly servername?: string; readonly ALPNProtocols?: string[] }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket: Socket) => {
      socket.once('data', (bytes: Buffer) => {
        resolve(bytes);
        socket.destroy();
        server.close();
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no port'));
      connect({ host: '127.0.0.1', port: address.port, ...options }).on('error', () => {});
    });
  });
}

test('readClientHello finds the server name and the protocols, and waits for the whole', async () => {
  const bytes = await helloOf({ servername: 'Web.Test', ALPNProtocols: ['h2', 'http/1.1'] });
  expect(readClientHello(bytes)).toEqual({ serverName: 'web.test', alpnProtocols: ['h2', 'http/1.1'] });
  for (const length of [0, 1, 4, 5, 9, 40, bytes.length - 1])
    expect(readClientHello(bytes.subarray(0, length))).toBe('more');
});

test('readClientHello reads a hello that is spread over records', async () => {
  const bytes = await helloOf({ servername: 'web.test' });
  const body = bytes.subarray(5);
  const record = (part: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0x16, 3, 1, part.length >> 8, part.length & 0xff]), part]);
  const spread = Buffer.concat([record(body.subarray(0, 3)), record(body.subarray(3, 60)), record(body.subarray(60))]);
  expect(readClientHello(spread)).toEqual({ serverName: 'web.test', alpnProtocols: [] });
});

test('readClientHello tells what is no TLS', () => {
  expect(readClientHello(Buffer.from('GET / HTTP/1.1\r\n'))).toBe('none');
  expect(readClientHello(Buffer.from([0x16, 2, 0, 0, 1]))).toBe('none');
  expect(readClientHello(Buffer.from([0x16, 3, 1, 0, 1, 2]))).toBe('none');
  expect(readClientHello(Buffer.from([0x16, 3, 1, 0, 8, 1, 0xff, 0xff, 0xff, 0, 0, 0, 0]))).toBe('none');
});
