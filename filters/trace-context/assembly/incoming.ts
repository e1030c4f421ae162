import { Headers } from "@heddle/wasm-sdk/assembly";
import { TraceContext, b3Decision, parseB3Multi, parseB3Single, parseTraceparent } from "@heddle/wasm-sdk/assembly/trace-context";
import { TraceSettings } from "./settings";

/** What a request says about its trace. */
export class Incoming {
  trace: TraceContext | null = null;
  /** Whether it was W3C's header that said so. */
  isW3c: bool = false;
  /** A decision without identifiers: 1, 0, or -1 for none. */
  decision: i32 = -1;

  static read(headers: Headers, settings: TraceSettings): Incoming {
    const incoming = new Incoming();
    if (settings.readsW3c) {
      const value = headers.get("traceparent");
      // Several are joined by commas, which is none, as the recommendation has it.
      if (value !== null) incoming.trace = parseTraceparent(value);
      incoming.isW3c = incoming.trace !== null;
    }
    if (incoming.trace === null && settings.readsB3) incoming.readB3(headers);
    return incoming;
  }

  private readB3(headers: Headers): void {
    const single = headers.get("b3");
    if (single !== null) {
      this.trace = parseB3Single(single);
      this.decision = b3Decision(single);
      if (this.trace !== null) return;
    }
    const sampled = headers.get("x-b3-sampled");
    const flags = headers.get("x-b3-flags");
    this.trace = parseB3Multi(headers.get("x-b3-traceid"), headers.get("x-b3-spanid"), sampled, flags);
    if (this.decision >= 0) return;
    if (flags !== null && flags == "1") this.decision = 1;
    else if (sampled !== null) this.decision = b3Decision(sampled);
  }
}
