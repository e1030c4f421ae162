import { Configuration, Headers, HeadersResult, HttpContext, RootContext, log } from "@heddle/wasm-sdk/assembly";
import { randomU64 } from "@heddle/wasm-sdk/assembly/random";
import { TraceContext, Tracestate, formatB3Single, formatTraceparent, traceIdentifier } from "@heddle/wasm-sdk/assembly/trace-context";
import { Incoming } from "./incoming";
import { TraceSettings } from "./settings";

/** The plugin: which headers are read and written, and which traces are sampled. */
export class TraceContextFilter extends RootContext {
  settings: TraceSettings | null = null;

  onConfigure(configuration: Configuration): bool {
    this.settings = TraceSettings.read(configuration);
    return this.settings !== null;
  }

  createHttpContext(): HttpContext | null {
    const settings = this.settings;
    return settings === null ? null : new Request(settings);
  }
}

/** W3C's level 2: the last 56 bits are random, so everybody who samples by them decides alike. */
const RANDOM_BITS: u64 = (1 << 56) - 1;

class Request extends HttpContext {
  private trace: TraceContext | null = null;
  private parentId: string = "";
  private line: string = "";

  constructor(private settings: TraceSettings) {
    super();
  }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const settings = this.settings;
    const headers = this.requestHeaders;
    const knownId = headers.get(settings.requestIdHeader);
    const incoming = settings.trusts ? Incoming.read(headers, settings) : new Incoming();
    const found = incoming.trace;
    let trace = found === null ? this.start(incoming.decision) : found;
    if (found !== null) {
      this.parentId = found.spanId;
      // B3 may leave the decision to who comes next.
      if (!found.isDecided) trace = trace.withSampled(incoming.decision >= 0 ? incoming.decision == 1 : this.isSampled(found.traceId));
      if (settings.makesSpans) trace = trace.withSpan(traceIdentifier(0, randomU64(), 16));
    }
    this.trace = trace;
    const id = knownId === null || knownId.length == 0 ? uuid() : knownId;
    if (settings.logs) this.note(trace, id);
    this.write(headers, trace, incoming);
    if (id != knownId) headers.set(settings.requestIdHeader, id);
    return HeadersResult.Continue;
  }

  onResponseHeaders(endOfStream: bool): HeadersResult {
    const trace = this.trace;
    if (trace === null) return HeadersResult.Continue;
    const headers = this.responseHeaders;
    if (this.settings.logs) log.info(this.line + " status=" + headers.status.toString());
    if (this.settings.responseHeader.length > 0) headers.set(this.settings.responseHeader, trace.traceId);
    return HeadersResult.Continue;
  }

  private start(decision: i32): TraceContext {
    const low = randomU64();
    const isSampled = decision >= 0 ? decision == 1 : (low & RANDOM_BITS) < this.settings.threshold;
    return new TraceContext(traceIdentifier(randomU64(), low, 32), traceIdentifier(0, randomU64(), 16), isSampled, false, true, true);
  }

  private isSampled(traceId: string): bool {
    let low: u64 = 0;
    for (let index = 18; index < 32; index++) {
      const unit = traceId.charCodeAt(index);
      low = (low << 4) | (unit - (unit < 0x3a ? 0x30 : 0x57));
    }
    return low < this.settings.threshold;
  }

  private write(headers: Headers, trace: TraceContext, incoming: Incoming): void {
    const settings = this.settings;
    const known = headers.get("traceparent");
    const state = headers.get("tracestate");
    const b3 = headers.get("b3");
    // Everything is read before the first change: then it is one call to the host.
    const stale: string[] = [];
    if (known !== null && !settings.writesW3c) stale.push("traceparent");
    if (b3 !== null && !settings.writesB3) stale.push("b3");
    addIfThere(headers, stale, "x-b3-parentspanid");
    if (!settings.writesB3Multi) {
      addIfThere(headers, stale, "x-b3-traceid");
      addIfThere(headers, stale, "x-b3-spanid");
      addIfThere(headers, stale, "x-b3-sampled");
    }
    if (!settings.writesB3Multi || !trace.isDebug) addIfThere(headers, stale, "x-b3-flags");
    for (let index = 0; index < stale.length; index++) headers.remove(stale[index]);

    if (settings.writesW3c) {
      const parent = formatTraceparent(trace);
      if (known === null || known != parent) headers.set("traceparent", parent);
    }
    if (state !== null) {
      // The list belongs to the trace of the header beside it.
      const kept = incoming.isW3c && settings.writesW3c ? Tracestate.parse(state).format() : "";
      if (kept.length == 0) headers.remove("tracestate");
      else if (kept != state) headers.set("tracestate", kept);
    }
    if (settings.writesB3) {
      const single = formatB3Single(trace);
      if (b3 === null || b3 != single) headers.set("b3", single);
    }
    if (!settings.writesB3Multi) return;
    headers.set("x-b3-traceid", trace.traceId);
    headers.set("x-b3-spanid", trace.spanId);
    headers.set("x-b3-sampled", trace.isSampled ? "1" : "0");
    if (settings.makesSpans && this.parentId.length > 0) headers.set("x-b3-parentspanid", this.parentId);
    if (trace.isDebug) headers.set("x-b3-flags", "1");
  }

  /** What the log line says of the request; the query stays out, for secrets may be in it. */
  private note(trace: TraceContext, requestId: string): void {
    const headers = this.requestHeaders;
    const method = headers.method;
    const path = headers.path;
    this.line =
      "trace_id=" + trace.traceId + " span_id=" + trace.spanId + (this.parentId.length > 0 ? " parent_id=" + this.parentId : "") +
      " sampled=" + (trace.isSampled ? "1" : "0") + " request_id=" + requestId +
      " method=" + (method === null ? "" : method) + " path=" + (path === null ? "" : withoutQuery(path));
  }
}

function addIfThere(headers: Headers, names: string[], name: string): void {
  if (headers.has(name)) names.push(name);
}

function withoutQuery(path: string): string {
  const mark = path.indexOf("?");
  return mark < 0 ? path : path.substring(0, mark);
}

/** RFC 9562, version 4. */
function uuid(): string {
  const high = (randomU64() & 0xffffffffffff0fff) | 0x4000;
  const low = (randomU64() & 0x3fffffffffffffff) | 0x8000000000000000;
  const digits = traceIdentifier(high, low, 32);
  return (
    digits.substring(0, 8) + "-" + digits.substring(8, 12) + "-" + digits.substring(12, 16) + "-" + digits.substring(16, 20) + "-" + digits.substring(20)
  );
}
