import type { Readable } from 'node:stream';
import type { ByteSink, ByteSource } from '../http/byte-stream.ts';

/** A Node readable (request body, upgraded socket) as a neutral source: nothing is read before `start`. */
export function duplexSource(stream: Readable): ByteSource {
  let sink: ByteSink | undefined;
  const onData = (chunk: Uint8Array) => {
    if (sink !== undefined && !sink.write(chunk)) stream.pause();
  };
  const onEnd = () => {
    const last = sink;
    sink = undefined;
    last?.end(undefined);
  };
  const onClose = () => {
    const last = sink;
    sink = undefined;
    last?.abort('the peer closed the connection');
  };
  return {
    start(target) {
      sink = target;
      if (stream.destroyed && !stream.readableEnded) {
        onClose();
        return;
      }
      stream.on('data', onData);
      stream.on('end', onEnd);
      stream.on('close', onClose);
      stream.on('error', onClose);
      stream.resume();
    },
    resume() {
      stream.resume();
    },
    cancel() {
      sink = undefined;
      stream.off('data', onData);
      stream.resume();
    },
  };
}
