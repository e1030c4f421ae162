import { request } from 'node:http';

/** What came of a request. */
export type Answer =
  | { readonly type: 'response'; readonly status: number; readonly text: string }
  | { readonly type: 'no answer'; readonly reason: string };

/** How much of an error's body is worth a line. */
const MAX_TEXT = 120;

/** Sends one GET with any Host header (which `fetch` does not allow); never throws. */
export function ask(target: {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly host: string | undefined;
}): Promise<Answer> {
  return new Promise((resolve) => {
    const headers = target.host === undefined ? {} : { host: target.host };
    const sent = request(
      { host: target.address, port: target.port, path: target.path, headers, agent: false, timeout: 2000 },
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
