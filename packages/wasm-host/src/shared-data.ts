import { Status } from './abi.ts';

/** A value with the number that a writer must name to replace it. */
export interface SharedValue {
  readonly value: Uint8Array<ArrayBuffer>;
  readonly cas: number;
}

/** Data that all VMs of one `vm_id` share (`proxy_get_shared_data`, `proxy_set_shared_data`). */
export class SharedData {
  readonly #values = new Map<string, SharedValue>();
  #lastCas = 0;

  get(key: string): SharedValue | undefined {
    return this.#values.get(key);
  }

  /** Writes unless the value has another number than `cas` by now; 0 writes in any case. The caller gives the value away. */
  set(key: string, value: Uint8Array<ArrayBuffer>, cas: number): Status {
    const before = this.#values.get(key);
    if (before !== undefined && cas !== 0 && before.cas !== cas) return Status.CAS_MISMATCH;
    // 32 bits, and never 0: that means "in any case".
    this.#lastCas = (this.#lastCas + 1) >>> 0 || 1;
    this.#values.set(key, { value, cas: this.#lastCas });
    return Status.OK;
  }
}
