import { proxy_get_shared_data, proxy_set_shared_data } from "./hostcalls";
import { given, OUT } from "./memory";
import { bytesOf, uninitialized, utf8 } from "./text";

/** A shared value as it was read. */
export class SharedValue {
  /** @param version the host's number of this state of the value */
  constructor(readonly bytes: ArrayBuffer, readonly version: u32) {}
}

/** Makes a new value of an old one: see {@link sharedData.update}. */
export abstract class SharedUpdate {
  /** @param current null if there is none. Answer null to leave it as it is. May be called several times. */
  abstract next(current: ArrayBuffer | null): ArrayBuffer | null;
}

const CAS_MISMATCH: u32 = 8;
const ATTEMPTS: i32 = 16;

/** No value has this version, so that setting with it succeeds only if there is no value yet. */
const NEVER: u32 = 0xffffffff;

/** Values that all machines of the same `vm_id` in a process share, on all its threads. */
export abstract class sharedData {
  static get(key: string): ArrayBuffer | null {
    const value = sharedData.read(key);
    return value === null ? null : value.bytes;
  }

  /** A value with its version, for {@link compareAndSet}. */
  static read(key: string): SharedValue | null {
    const name = utf8(key);
    const status = proxy_get_shared_data(changetype<usize>(name), name.byteLength, OUT, OUT + 4, OUT + 8);
    return status == 0 ? new SharedValue(given(), load<u32>(OUT, 8)) : null;
  }

  /** Sets a value, whatever it is. */
  static set<T>(key: string, value: T): bool {
    return write(key, bytesOf<T>(value), 0) == 0;
  }

  /** Sets a value if it is still as it was read; of null, if there is none yet. Tells whether it did. */
  static compareAndSet<T>(key: string, value: T, read: SharedValue | null): bool {
    return write(key, bytesOf<T>(value), read === null ? NEVER : read.version) == 0;
  }

  /** Changes a value that others may change at the same time: again until none came between. False if that fails 16 times, or by the host. */
  static update(key: string, change: SharedUpdate): bool {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const read = sharedData.read(key);
      const next = change.next(read === null ? null : read.bytes);
      if (next === null) return true;
      const status = write(key, next, read === null ? NEVER : read.version);
      if (status == 0) return true;
      if (status != CAS_MISMATCH) return false;
    }
    return false;
  }

  /** Adds to a number, 0 if there is none yet, and gives the sum; `i64.MIN_VALUE` if that fails. Kept in 8 bytes, little-endian. */
  static increment(key: string, by: i64 = 1): i64 {
    const sum = new Sum(by);
    return sharedData.update(key, sum) ? sum.total : i64.MIN_VALUE;
  }
}

class Sum extends SharedUpdate {
  total: i64 = 0;

  constructor(private by: i64) {
    super();
  }

  next(current: ArrayBuffer | null): ArrayBuffer | null {
    this.total = this.by + (current !== null && current.byteLength == 8 ? load<i64>(changetype<usize>(current)) : 0);
    const bytes = uninitialized(8);
    store<i64>(changetype<usize>(bytes), this.total);
    return bytes;
  }
}

function write(key: string, value: ArrayBuffer, version: u32): u32 {
  const name = utf8(key);
  return proxy_set_shared_data(changetype<usize>(name), name.byteLength, changetype<usize>(value), value.byteLength, version);
}
