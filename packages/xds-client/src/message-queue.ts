/** A queue that is written by calls and read once as an async iterable. */
export interface MessageQueue<T> extends AsyncIterable<T> {
  /** Adds a message; dropped after {@link end}. */
  push(message: T): void;
  /** Ends the iteration after what is queued. */
  end(): void;
}

/** Makes an empty queue. */
export function messageQueue<T>(): MessageQueue<T> {
  const waiting: T[] = [];
  let isEnded = false;
  let wake: (() => void) | undefined;
  const notify = () => {
    wake?.();
    wake = undefined;
  };
  return {
    push(message) {
      if (isEnded) return;
      waiting.push(message);
      notify();
    },
    end() {
      isEnded = true;
      notify();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift() as T;
        if (isEnded) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
