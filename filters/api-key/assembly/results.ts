import { proxy_define_metric, proxy_increment_metric } from "@heddle/wasm-sdk/assembly/hostcalls";
import { utf8 } from "@heddle/wasm-sdk/assembly";

const COUNTER: u32 = 0;
const id = memory.data(4, 4);

class Counter {
  private id: u32 = 0;

  /** Takes the host's number for the counter of this name; plugins that name the same one add up. */
  define(name: string): void {
    const bytes = utf8(name);
    if (proxy_define_metric(COUNTER, changetype<usize>(bytes), bytes.byteLength, id) == 0) this.id = load<u32>(id);
  }

  increment(): void {
    proxy_increment_metric(this.id, 1);
  }
}

/** Counters, one for each way a request may go. */
export class Results {
  allowed: Counter = new Counter();
  exempt: Counter = new Counter();
  missing: Counter = new Counter();
  unknown: Counter = new Counter();
  forbidden: Counter = new Counter();

  define(): void {
    this.allowed.define("api_key.allowed");
    this.exempt.define("api_key.exempt");
    this.missing.define("api_key.missing");
    this.unknown.define("api_key.unknown");
    this.forbidden.define("api_key.forbidden");
  }
}
