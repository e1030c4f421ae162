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
