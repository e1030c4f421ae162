import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** What came of a request. */
export type Answer =
  | { readonly type: 'response'; readonly status: number; readonly text: string }
  | { readonly type: 'no answer'; readonly reason: string };

/** How much of an error's body is worth a line. */
const MAX_TEXT = 120;

/**
 * Sends one GET with any Host header (which `fetch` does not allow); never throws. Whether an answer comes is the question here: with
 * `tls` any certificate will do, since the request carries nothing and the answer only tells whether there is one.
 */
export function ask(target: {
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  readonly path: string;
  readonly host: string | undefined;
}): Promise<Answer> {
  return new Promise((resolve) => {
    const { address, port, path, host } = target;
    const headers = host === undefined ? {} : { host };
    const options = { host: address, port, path, headers, agent: false, timeout: 2000 };
    const tls = { rejectUnauthorized: false, ...(host === undefined ? {} : { servername: host }) };
    const sent = (target.tls ? requestHttps : requestHttp)(
      target.tls ? { ...options, ...tls } : options,
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          if (text.length < MAX_TEXT) text += chunk;
        });
        const finish = () =>
          resolve({ type: 'response', status: response.statusCode ?? 0, text: text.slice(0, MAX_TEXT).trim() });
        response.once('end', finish);
        response.once('error', finish);
      },
    );
    sent.once('timeout', () => sent.destroy(new Error('no answer within 2 s')));
    sent.once('error', (error) => resolve({ type: 'no answer', reason: error.message }));
    sent.end();
  });
}
