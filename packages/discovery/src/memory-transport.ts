import type { AdsTransport } from '@heddle/model';
import type { DiscoveryServer } from './discovery-server.ts';
import type { DiscoveryStream } from './discovery-stream.ts';
import type { DeltaPush } from './push.ts';
import type { StreamVariant } from './stream-host.ts';

/** A transport for clients in this process; messages and their bytes are shared, not copied. */
export function memoryTransport<Request, Response>(
  server: Pick<DiscoveryServer, 'openStream'>,
  variant: StreamVariant,
  receive: (stream: DiscoveryStream, request: Request) => void,
  toResponse: (push: DeltaPush) => Response,
): AdsTransport<Request, Response> {
  return {
    open: (signal) => {
      let stream: DiscoveryStream;
      try {
        stream = server.openStream('memory', { variant, isLocal: true });
      } catch (error) {
        return { send: () => {}, responses: failing(error), close: () => {} };
      }
      const close = () => stream.end();
      if (signal.aborted) close();
      else signal.addEventListener('abort', close, { once: true });
      return {
        send: (request) => receive(stream, request),
        responses: responsesOf(stream, toResponse, () => signal.removeEventListener('abort', close)),
        close,
      };
    },
  };
}

async function* responsesOf<Response>(
  stream: DiscoveryStream,
  toResponse: (push: DeltaPush) => Response,
  ended: () => void,
): AsyncIterableIterator<Response> {
  try {
    for await (const push of stream.pushes()) yield toResponse(push);
  } finally {
    ended();
  }
}

function failing(error: unknown): AsyncIterable<never> {
  return {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }),
  };
}
