import type { ByteSource } from '../http/byte-stream.ts';

/**
 * A source as the async iterable that undici takes for a body. One chunk is asked for at a time; a source that aborts makes
 * the iteration throw, which resets the connection to the endpoint.
 */
export function bodyIterable(source: ByteSource): AsyncIterable<Uint8Array> {
  const queue: Uint8Array[] = [];
  let ended = false;
  let failure: Error | undefined;
  let started = false;
  let paused = false;
  let wake: (() => void) | undefined;
  const signal = () => {
    const waiting = wake;
    wake = undefined;
    waiting?.();
  };
  const sink = {
    write(chunk: Uint8Array) {
      queue.push(chunk);
      signal();
      paused = true;
      return false;
    },
    end() {
      ended = true;
      signal();
    },
    abort(cause: string) {
      failure = new Error(`The request body ended early: ${cause}`);
      signal();
    },
  };
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    for (;;) {
      const chunk = queue.shift();
      if (chunk !== undefined) return { done: false, value: chunk };
      if (failure !== undefined) throw failure;
      if (ended) return { done: true, value: undefined };
      const waiting = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!started) {
        started = true;
        source.start(sink);
      } else if (paused) {
        paused = false;
        source.resume();
      }
      await waiting;
    }
  };
  return {
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        if (!ended && failure === undefined) source.cancel();
        return { done: true, value: undefined };
      },
    }),
  };
}
