// W3C Trace Context (https://www.w3.org/TR/trace-context/) and B3 (https://github.com/openzipkin/b3-propagation). Identifiers are texts of
// lower-case hexadecimal digits, as they stand in the headers.

/** Where a request belongs in a trace. */
export class TraceContext {
  constructor(
    /** 32 digits, not all zero. */
    public readonly traceId: string,
    /** 16 digits, not all zero: who sends the request. */
    public readonly spanId: string,
    /** Whether the sender records it. */
    public readonly isSampled: bool,
    /** B3: recorded whatever is decided elsewhere. */
    public readonly isDebug: bool = false,
    /** Whether a decision came with it; B3 may leave it open. */
    public readonly isDecided: bool = true,
    /** W3C level 2: the trace identifier's last 14 digits are random. */
    public readonly isRandom: bool = false,
  ) {}

  /** The same trace, seen from another span. */
  withSpan(spanId: string): TraceContext {
    return new TraceContext(this.traceId, spanId, this.isSampled, this.isDebug, this.isDecided, this.isRandom);
  }

  /** The same, with a decision. */
  withSampled(isSampled: bool): TraceContext {
    return new TraceContext(this.traceId, this.spanId, isSampled, this.isDebug, true, this.isRandom);
  }
}

/**
 * Reads a `traceparent`: `00-TRACE-SPAN-FLAGS`. Null for all that section 3.2 of the recommendation calls invalid: version ff, identifiers
 * of zeros, upper case, other lengths. Of later versions the first four parts are taken, as section 4.2 has it.
 */
export function parseTraceparent(value: string): TraceContext | null {
  const length = value.length;
  if (length < 55 || !isHex(value, 0, 2)) return null;
  const isVersion0 = value.startsWith("00");
  if (value.startsWith("ff") || (isVersion0 && length != 55) || (length > 55 && value.charCodeAt(55) != 0x2d)) return null;
  if (value.charCodeAt(2) != 0x2d || value.charCodeAt(35) != 0x2d || value.charCodeAt(52) != 0x2d) return null;
  if (!isHex(value, 3, 35) || !isHex(value, 36, 52) || !isHex(value, 53, 55)) return null;
  if (isZero(value, 3, 35) || isZero(value, 36, 52)) return null;
  const flags = digitAt(value, 54);
  return new TraceContext(value.substring(3, 35), value.substring(36, 52), (flags & 1) != 0, false, true, (flags & 2) != 0);
}

/** Writes a `traceparent` of version 00. */
export function formatTraceparent(context: TraceContext): string {
  const flags = i32(context.isSampled) | (i32(context.isRandom) << 1);
  return "00-" + context.traceId + "-" + context.spanId + "-0" + flags.toString();
}

/**
 * The list of a `tracestate`: which system knows the trace by which name. At most 32 members; a list with a member that is not valid, or with
 * the same key twice, counts as none at all (section 3.3).
 */
export class Tracestate {
  private readonly keys: string[] = [];
  private readonly values: string[] = [];

  /** Reads a header's value; several headers are joined by commas before. What is not valid gives an empty list. */
  static parse(text: string): Tracestate {
    const list = new Tracestate();
    let at = 0;
    while (at <= text.length) {
      let end = text.indexOf(",", at);
      if (end < 0) end = text.length;
      const member = trimSpace(text, at, end);
      at = end + 1;
      if (member.length == 0) continue;
      const equals = member.indexOf("=");
      if (equals < 1) return new Tracestate();
      const key = member.substring(0, equals);
      const value = member.substring(equals + 1);
      if (!isTracestateKey(key) || !isTracestateValue(value) || list.keys.includes(key) || list.length == 32) return new Tracestate();
      list.keys.push(key);
      list.values.push(value);
    }
    return list;
  }

  get length(): i32 { return this.keys.length; }

  get(key: string): string | null {
    const index = this.keys.indexOf(key);
    return index < 0 ? null : this.values[index];
  }

  /** Puts a member in front, as who changes one has to; the 33rd falls off. False, and nothing changed, if key or value is not valid. */
  set(key: string, value: string): bool {
    if (!isTracestateKey(key) || !isTracestateValue(value)) return false;
    this.remove(key);
    this.keys.unshift(key);
    this.values.unshift(value);
    if (this.keys.length > 32) {
      this.keys.pop();
      this.values.pop();
    }
    return true;
  }

  remove(key: string): void {
    const index = this.keys.indexOf(key);
    if (index < 0) return;
    this.keys.splice(index, 1);
    this.values.splice(index, 1);
  }

  /** The header's value; empty for an empty list. */
  format(): string {
    let text = "";
    for (let index = 0; index < this.keys.length; index++) {
      if (index > 0) text += ",";
      text += this.keys[index] + "=" + this.values[index];
    }
    return text;
  }
}

/** B3 in headers of its own: `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled`, `x-b3-flags`, null where there is none. Null if not valid. */
export function parseB3Multi(traceId: string | null, spanId: string | null, sampled: string | null, flags: string | null): TraceContext | null {
  if (traceId === null || spanId === null) return null;
  const isDebug = flags !== null && flags == "1";
  if (sampled === null) return b3(traceId, spanId, isDebug, isDebug, isDebug);
  const isSampled = sampled == "1" || sampled == "true";
  if (!isSampled && sampled != "0" && sampled != "false") return null;
  return b3(traceId, spanId, isSampled || isDebug, isDebug, true);
}

/**
 * B3 in one header: `TRACE-SPAN`, `TRACE-SPAN-STATE` or `TRACE-SPAN-STATE-PARENT`. Null if not valid, and for a decision alone (`0`), which
 * `b3Decision` reads.
 */
export function parseB3Single(value: string): TraceContext | null {
  const first = value.indexOf("-");
  if (first < 0) return null;
  let second = value.indexOf("-", first + 1);
  if (second < 0) second = value.length;
  const traceId = value.substring(0, first);
  const spanId = value.substring(first + 1, second);
  if (second == value.length) return b3(traceId, spanId, false, false, false);
  const third = value.indexOf("-", second + 1);
  const state = value.substring(second + 1, third < 0 ? value.length : third);
  if (third >= 0 && (value.length != third + 17 || !isHexAnyCase(value, third + 1, value.length))) return null;
  if (state != "0" && state != "1" && state != "d") return null;
  return b3(traceId, spanId, state != "0", state == "d", true);
}

/** A decision without identifiers: 1 for `1` and `d`, 0 for `0`, else -1. For the single header, and for `x-b3-sampled` alone. */
export function b3Decision(value: string): i32 {
  if (value == "1" || value == "d" || value == "true") return 1;
  return value == "0" || value == "false" ? 0 : -1;
}

/** The single `b3` header. */
export function formatB3Single(context: TraceContext): string {
  const ids = context.traceId + "-" + context.spanId;
  if (!context.isDecided) return ids;
  return ids + (context.isDebug ? "-d" : context.isSampled ? "-1" : "-0");
}

function b3(traceId: string, spanId: string, isSampled: bool, isDebug: bool, isDecided: bool): TraceContext | null {
  if ((traceId.length != 32 && traceId.length != 16) || spanId.length != 16) return null;
  if (!isHexAnyCase(traceId, 0, traceId.length) || !isHexAnyCase(spanId, 0, 16)) return null;
  if (isZero(traceId, 0, traceId.length) || isZero(spanId, 0, 16)) return null;
  const whole = traceId.length == 16 ? "0000000000000000" + traceId : traceId;
  return new TraceContext(lowerHex(whole), lowerHex(spanId), isSampled, isDebug, isDecided);
}

/** An identifier of `digits` (16 or 32) hexadecimal digits from random words. */
export function traceIdentifier(high: u64, low: u64, digits: i32): string {
  let text = "";
  for (let index = digits - 1; index >= 0; index--) {
    const word = index >= 16 ? high : low;
    const digit = <i32>((word >> ((<u64>index & 15) << 2)) & 15);
    text += String.fromCharCode(digit + (digit < 10 ? 0x30 : 0x57));
  }
  return text;
}

function digitAt(text: string, index: i32): i32 {
  const unit = text.charCodeAt(index);
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  return unit >= 0x61 && unit <= 0x66 ? unit - 0x57 : -1;
}

function isHex(text: string, start: i32, end: i32): bool {
  for (let index = start; index < end; index++) {
    if (digitAt(text, index) < 0) return false;
  }
  return true;
}

function isHexAnyCase(text: string, start: i32, end: i32): bool {
  for (let index = start; index < end; index++) {
    const unit = text.charCodeAt(index);
    if (digitAt(text, index) < 0 && !(unit >= 0x41 && unit <= 0x46)) return false;
  }
  return true;
}

function isZero(text: string, start: i32, end: i32): bool {
  for (let index = start; index < end; index++) {
    if (text.charCodeAt(index) != 0x30) return false;
  }
  return true;
}

function lowerHex(text: string): string {
  let lower = "";
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    lower += String.fromCharCode(unit >= 0x41 && unit <= 0x46 ? unit + 0x20 : unit);
  }
  return lower;
}

function trimSpace(text: string, start: i32, end: i32): string {
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.substring(start, end);
}

function isSpace(unit: i32): bool {
  return unit == 0x20 || unit == 0x09;
}

/** Up to 256 of a-z, 0-9, `_-*` and `/`, a letter first; or a tenant of up to 241, letter or digit first, `@`, and a system of up to 14. */
function isTracestateKey(key: string): bool {
  const at = key.indexOf("@");
  if (at < 0) return key.length <= 256 && isKeyPart(key, 0, key.length, false);
  return at <= 241 && key.length - at - 1 <= 14 && isKeyPart(key, 0, at, true) && isKeyPart(key, at + 1, key.length, false);
}

function isKeyPart(key: string, start: i32, end: i32, mayStartWithDigit: bool): bool {
  if (start >= end) return false;
  for (let index = start; index < end; index++) {
    const unit = key.charCodeAt(index);
    if (unit >= 0x61 && unit <= 0x7a) continue;
    const isDigit = unit >= 0x30 && unit <= 0x39;
    if (index == start ? !(isDigit && mayStartWithDigit) : !isDigit && unit != 0x5f && unit != 0x2d && unit != 0x2a && unit != 0x2f) return false;
  }
  return true;
}

/** Up to 256 printable characters except comma and equals sign, no space at the end. */
function isTracestateValue(value: string): bool {
  if (value.length == 0 || value.length > 256 || value.charCodeAt(value.length - 1) == 0x20) return false;
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || unit == 0x2c || unit == 0x3d) return false;
  }
  return true;
}
