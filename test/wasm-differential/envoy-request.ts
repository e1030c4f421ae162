import http2 from 'node:http2';
import { pairsOf, rawHeaders, readMessage, sendPieces, WIDE } from './peer.ts';
import type { ProbeCase, SeenMessage } from './probe-case.ts';

/** A connection to a listener of Envoy. */
export function connect(port: number): Promise<http2.ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://127.0.0.1:${port}`, WIDE);
    session.once('connect', () => resolve(session));
    session.on('error', reject);
  });
}

/** Sends a case's request; with `isHeld` its body waits until `proceed` is called. */
export function ask(
  session: http2.ClientHttp2Session,
  { name, request = {} }: ProbeCase,
  isHeld = false,
): { readonly answer: Promise<SeenMessage>; readonly cancel: () => void; readonly proceed: () => void } {
  const { body = [], trailers = [], headers = [], method = body.length > 0 ? 'POST' : 'GET' } = request;
  const isEmpty = body.length === 0 && trailers.length === 0;
  const stream = session.request(
    rawHeaders([
      // In the order in which the emulator has them.
      [':authority', 'probe.test'],
      [':path', `/${name}?a=b`],
      [':method', method],
      [':scheme', 'http'],
      ['x-case', name],
      ...headers,
    ]),
    { endStream: isEmpty, waitForTrailers: trailers.length > 0 },
  );
  if (trailers.length > 0) stream.on('wantTrailers', () => stream.sendTrailers(rawHeaders(trailers)));
  const answer = new Promise<SeenMessage>((resolve, reject) => {
    stream.on('response', (_headers, _flags, raw: unknown) => {
      readMessage(stream, pairsOf(raw as readonly string[])).then(resolve, reject);
    });
    stream.on('error', reject);
    stream.on('close', () => reject(new Error('closed')));
  });
  const proceed = () => void sendPieces(stream, body);
  if (!isEmpty && !isHeld) setTimeout(proceed, 15);
  return { answer, cancel: () => stream.close(http2.constants.NGHTTP2_CANCEL), proceed };
}

/** Without what Envoy's connection manager adds of its own. */
export function withoutOwn({ headers, ...rest }: SeenMessage): SeenMessage {
  return { ...rest, headers: headers.filter(([name]) => name !== 'date' && name !== 'server') };
}
