import {
  proxy_dequeue_shared_queue,
  proxy_enqueue_shared_queue,
  proxy_register_shared_queue,
  proxy_resolve_shared_queue,
} from "./hostcalls";
import { given, OUT } from "./memory";
import { bytesOf, utf8 } from "./text";

/** A queue that machines of a process share. */
export class SharedQueue {
  constructor(readonly token: u32) {}

  /** A queue of this machine's `vm_id`, made if there is none: `onQueueReady` of this plugin hears of its items. Null if the host refuses. */
  static open(name: string): SharedQueue | null {
    const bytes = utf8(name);
    return proxy_register_shared_queue(changetype<usize>(bytes), bytes.byteLength, OUT) == 0 ? new SharedQueue(load<u32>(OUT)) : null;
  }

  /** A queue that a machine of this `vm_id` has opened, to put items in; null if there is none. */
  static find(vmId: string, name: string): SharedQueue | null {
    const vm = utf8(vmId);
    const bytes = utf8(name);
    const status = proxy_resolve_shared_queue(changetype<usize>(vm), vm.byteLength, changetype<usize>(bytes), bytes.byteLength, OUT);
    return status == 0 ? new SharedQueue(load<u32>(OUT)) : null;
  }

  /** Puts an item in. Tells whether the queue is there. */
  push<T>(item: T): bool {
    const bytes = bytesOf<T>(item);
    return proxy_enqueue_shared_queue(this.token, changetype<usize>(bytes), bytes.byteLength) == 0;
  }

  /** Takes the oldest item out; null if there is none, because another machine was faster, say. */
  pop(): ArrayBuffer | null {
    return proxy_dequeue_shared_queue(this.token, OUT, OUT + 4) == 0 ? given() : null;
  }
}
