import type { HeaderList } from './header-list.ts';

/** Where a body goes. Calls come in the order write*, then one of end or abort. */
export interface ByteSink {
  /** Takes a chunk. False asks the source to wait until {@link ByteSource.resume} is called; the chunk is taken either way. */
  write(chunk: Uint8Array): boolean;
  /** The body is complete. */
  end(trailers: HeaderList | undefined): void;
  /** The body will never be complete: the peer went away or broke the protocol. */
  abort(cause: string): void;
}

/**
 * A body that waits to be pulled: nothing flows before `start`, and a sink that answers false stops the flow until `resume`.
 * Sources hold at most what their peer had already sent.
 */
export interface ByteSource {
  /** Begins the flow into `sink`; called once. */
  start(sink: ByteSink): void;
  /** Goes on after the sink answered false. */
  resume(): void;
  /** The rest is not wanted. No call reaches the sink afterwards. */
  cancel(): void;
}

/** A body that is already in memory. */
export function bytesSource(chunks: readonly Uint8Array[], trailers?: HeaderList): ByteSource {
  let next = 0;
  let sink: ByteSink | undefined;
  const flow = () => {
    while (sink !== undefined && next < chunks.length) {
      if (!sink.write(chunks[next++] as Uint8Array)) return;
    }
    if (sink !== undefined) {
      const last = sink;
      sink = undefined;
      last.end(trailers);
    }
  };
  return {
    start(target) {
      sink = target;
      flow();
    },
    resume: flow,
    cancel() {
      sink = undefined;
    },
  };
}
