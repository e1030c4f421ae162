import { once } from 'node:events';
import net from 'node:net';
import type { RawClient } from '../../parity/raw-http.ts';
import type { FilterCase, Outcome } from './filter-case.ts';
import { joinedHeaders } from './scripted-server.ts';

/** Sends a case's request over a socket and says what became of it. */
export async function sendOverWire(
  client: RawClient,
  { request }: FilterCase,
  upstream: () => Outcome['upstream'],
): Promise<Outcome> {
  const headers = Object.entries(request.headers ?? {}).flatMap(([name, values]) =>
    (typeof values === 'string' ? [values] : values).flatMap((value) => [name, value]),
  );
  const body = Buffer.from(request.body ?? '', 'latin1');
  const response = await client.send({
    method: request.method ?? 'GET',
    target: request.path ?? '/',
    headers: [
      'host',
      request.authority ?? 'test',
      ...headers,
      ...(body.length > 0 ? ['content-length', String(body.length)] : []),
    ],
    body: body.length > 0 ? [body] : [],
  });
  return {
    status: response.status,
    headers: joinedHeaders(response.headers),
    body: response.body.toString('latin1'),
    upstream: upstream(),
  };
}

/** Sends the head of a case's request, and closes the connection when this resolves. */
export async function leaveOverWire(port: number, { request }: FilterCase, when: Promise<void>): Promise<void> {
  const socket = net.connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  const headers = Object.entries(request.headers ?? {}).flatMap(([name, values]) =>
    (typeof values === 'string' ? [values] : values).map((value) => `${name}: ${value}\r\n`),
  );
  const line = `${request.method ?? 'GET'} ${request.path ?? '/'} HTTP/1.1\r\n`;
  socket.write(`${line}host: ${request.authority ?? 'test'}\r\n${headers.join('')}\r\n`, 'latin1');
  await when;
  socket.destroy();
  await once(socket, 'close');
}
