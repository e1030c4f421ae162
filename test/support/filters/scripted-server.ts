import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClusterScript } from './filter-case.ts';

/** A server on loopback that answers as it is told to. */
export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
}

/** Starts one. A call that is answered with undefined stays open until the caller gives up. */
export async function startScriptedServer(answer: ClusterScript): Promise<ScriptedServer> {
  const respond = async (request: http.IncomingMessage, body: Buffer, response: http.ServerResponse): Promise<void> => {
    const answered = await answer({
      method: request.method ?? '',
      path: request.url ?? '',
      headers: joinedHeaders(request.rawHeaders),
      body: body.toString('latin1'),
    });
    if (answered === undefined) return;
    const sent = Buffer.from(answered.body ?? '', 'latin1');
    response.writeHead(answered.status ?? 200, { ...answered.headers, 'content-length': sent.length });
    response.end(sent);
  };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A script that fails ends the test.
    request.on('end', () => void respond(request, Buffer.concat(chunks), response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Name, value, name, value … as an object: names in lower case, values of repeated ones joined by a comma. */
export function joinedHeaders(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]},${value}` : value;
  }
  return headers;
}
