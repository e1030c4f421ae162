import { proxy_define_metric, proxy_increment_metric } from "./hostcalls";
import { OUT } from "./memory";
import { utf8 } from "./text";

/** Counts up. The host's number of it is asked for when it is first used. */
export class Counter {
  private id: u32 = 0;
  private name: ArrayBuffer;

  constructor(name: string) {
    this.name = utf8(name);
  }

  increment(by: u64 = 1): void {
    if (this.id == 0 && proxy_define_metric(0, changetype<usize>(this.name), this.name.byteLength, OUT) == 0) {
      this.id = load<u32>(OUT);
    }
    // The host takes nothing for a mistake.
    if (by > 0) proxy_increment_metric(this.id, by);
  }
}
