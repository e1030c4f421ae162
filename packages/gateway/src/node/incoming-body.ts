import type { Readable } from 'node:stream';
import type { ByteSink, ByteSource } from '../http/byte-stream.ts';
import type { Exchange } from '../http/exchange.ts';
import type { HeaderList } from '../http/header-list.ts';

/** A request body on its way in (node:http message or node:http2 stream), counted for its exchange; paused until started. */
export class IncomingBody implements ByteSource {
  readonly #stream: Readable;
  readonly #trailers: (() => HeaderList | undefined) | undefined;
  #exchange: Exchange | undefined;
  #sink: ByteSink | undefined;

  /** `trailers` is asked when the body has ended; without it there are none. */
  constructor(stream: Readable, trailers?: () => HeaderList | undefined) {
    this.#stream = stream;
    this.#trailers = trailers;
  }

  attach(exchange: Exchange): void {
    this.#exchange = exchange;
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    const stream = this.#stream;
    if (stream.destroyed && !stream.readableEnded) {
      this.#break();
      return;
    }
    stream.on('data', (chunk: Uint8Array) => {
      this.#exchange?.received(chunk.byteLength);
      if (this.#sink !== undefined && !this.#sink.write(chunk)) stream.pause();
    });
    stream.on('end', () => {
      const last = this.#sink;
      this.#sink = undefined;
      this.#exchange?.requestEnded();
      last?.end(this.#trailers?.());
    });
    stream.on('close', () => this.#break());
    stream.on('error', () => this.#break());
  }

  resume(): void {
    this.#stream.resume();
  }

  cancel(): void {
    this.#sink = undefined;
    this.#stream.resume();
  }

  #break(): void {
    const last = this.#sink;
    this.#sink = undefined;
    last?.abort('downstream disconnected');
  }
}
