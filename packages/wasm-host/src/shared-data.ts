import { Status } from './abi.ts';

/** A value with the number that a writer must name to replace it. */
export interface SharedValue {
  readonly value: Uint8Array<ArrayBuffer>;
  readonly cas: number;
}

/** What the data of one `vm_id` may have in all, names included. */
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/** Data that all VMs of one `vm_id` share (`proxy_get_shared_data`, `proxy_set_shared_data`). */
export class SharedData {
  readonly #values = new Map<string, SharedValue>();
  readonly #maxBytes: number;
  #bytes = 0;
  #lastCas = 0;

  /** @param maxBytes of all keys and values; default 64 MiB */
  constructor(maxBytes: number = DEFAULT_MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): SharedValue | undefined {
    return this.#values.get(key);
  }

  /**
   * Writes unless the value has another number than `cas` by now; 0 writes in any case. The caller gives the value away. What has no room is an
   * internal failure: a proxy's memory is not the module's.
   */
  set(key: string, value: Uint8Array<ArrayBuffer>, cas: number): Status {
    const before = this.#values.get(key);
    if (before !== undefined && cas !== 0 && before.cas !== cas) return Status.CAS_MISMATCH;
    const bytes = this.#bytes + value.length - (before === undefined ? -key.length : before.value.length);
    if (bytes > this.#maxBytes) return Status.INTERNAL_FAILURE;
    this.#bytes = bytes;
    // 32 bits, and never 0: that means "in any case".
    this.#lastCas = (this.#lastCas + 1) >>> 0 || 1;
    this.#values.set(key, { value, cas: this.#lastCas });
    return Status.OK;
  }
}
