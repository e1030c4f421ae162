import { Status } from './abi.ts';

/** Called when a queue has got something: a root context's `proxy_on_queue_ready`. */
export type QueueListener = (token: number) => void;

interface Queue {
  readonly items: Uint8Array<ArrayBuffer>[];
  listener: QueueListener;
}

/** What may wait in all queues of a process. */
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** What an item takes beside its bytes. */
const ITEM_BYTES = 128;

/** The queues of a process, by `vm_id` and name (`proxy_register_shared_queue` and its kin). */
export class SharedQueues {
  readonly #tokens = new Map<string, number>();
  readonly #queues = new Map<number, Queue>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes what may wait in all queues, 128 bytes for each item beside its own; default 64 MiB */
  constructor(maxBytes: number = DEFAULT_MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Opens a queue, or takes it over; who opened it last hears of its items. */
  register(vmId: string, name: string, listener: QueueListener): number {
    const key = keyOf(vmId, name);
    const token = this.#tokens.get(key) ?? this.#tokens.size + 1;
    this.#tokens.set(key, token);
    const queue = this.#queues.get(token);
    if (queue === undefined) this.#queues.set(token, { items: [], listener });
    else queue.listener = listener;
    return token;
  }

  resolve(vmId: string, name: string): number | undefined {
    return this.#tokens.get(keyOf(vmId, name));
  }

  /** Adds an item; `INTERNAL_FAILURE` if there is no room, since nobody takes any. */
  enqueue(token: number, item: Uint8Array<ArrayBuffer>): Status {
    const queue = this.#queues.get(token);
    if (queue === undefined) return Status.NOT_FOUND;
    if (this.#bytes + item.length + ITEM_BYTES > this.#maxBytes) return Status.INTERNAL_FAILURE;
    this.#bytes += item.length + ITEM_BYTES;
    queue.items.push(item);
    queue.listener(token);
    return Status.OK;
  }

  /** The oldest item, or why there is none. */
  dequeue(token: number): Uint8Array<ArrayBuffer> | typeof Status.NOT_FOUND | typeof Status.EMPTY {
    const queue = this.#queues.get(token);
    if (queue === undefined) return Status.NOT_FOUND;
    const item = queue.items.shift();
    if (item === undefined) return Status.EMPTY;
    this.#bytes -= item.length + ITEM_BYTES;
    return item;
  }
}

function keyOf(vmId: string, name: string): string {
  return `${vmId.length}:${vmId}${name}`;
}
