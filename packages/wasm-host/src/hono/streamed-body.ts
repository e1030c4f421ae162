import type { MessageSink } from '../stream-leg.ts';

/** A body behind a filter, as a web stream: what the filter lets through is read from it, at the reader's pace. */
export class StreamedBody {
  readonly stream: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isOver = false;

  /**
   * @param drained the reader can take more
   * @param cancelled the reader wants no more
   */
  constructor(drained: () => void, cancelled: (reason: unknown) => void) {
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: drained,
        cancel: (reason) => {
          this.#isOver = true;
          cancelled(reason);
        },
      },
      { highWaterMark: 64 * 1024, size: (chunk) => chunk?.byteLength ?? 0 },
    );
  }

  write(bytes: Uint8Array, end: boolean): boolean {
    if (this.#isOver) return true;
    if (bytes.length > 0) this.#controller.enqueue(bytes);
    if (end) this.end();
    return (this.#controller.desiredSize ?? 1) > 0;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.close();
  }

  fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.error(reason);
  }
}

/** A web stream on its way into a filter. */
export class BodyPump {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #wake: (() => void) | undefined;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** Reads to the end, no faster than the sink takes it. Rejects if the body breaks off. */
  async run(sink: MessageSink): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      if (!sink.data(value, false)) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
    sink.data(new Uint8Array(), true);
  }

  /** The sink can take more. */
  resume(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  cancel(reason: unknown): void {
    this.resume();
    // A body that has failed already has told so by `run`.
    this.#reader.cancel(reason).catch(() => {});
  }
}
