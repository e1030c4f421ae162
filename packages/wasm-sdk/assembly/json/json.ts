import { copyBytes, pointerOf, toBytes } from "../bytes";
import { decimalValue } from "../decimal";
import { JsonProblem, JsonText, isDigit } from "./scan";
import { decodeUtf16, decodeUtf8, equalsText } from "./string";

/** What a JSON value is. `MISSING` is what is not there: a member or element that does not exist, or text that is not JSON. */
export enum JsonKind {
  MISSING,
  NULL,
  BOOLEAN,
  NUMBER,
  STRING,
  ARRAY,
  OBJECT,
}

/**
 * A value in a JSON text (RFC 8259). The text is checked as a whole, once; values are read from it when they are asked for. Nothing here
 * fails: what is not there is a value of kind `MISSING`, whose members are missing too, and everything that reads takes a fallback.
 *
 *     const json = Json.parse(text);
 *     if (!json.isValid) return refuse(json.error);
 *     const name = json.get("user").get("name").textOr("nobody");
 *     for (let item = json.get("list").first(); item.exists; item = item.next()) use(item.f64Or(0));
 */
export class Json {
  private constructor(
    private readonly source: JsonText,
    private readonly node: i32,
    private readonly parentEnd: i32,
    private readonly isMember: bool,
  ) {}

  /**
   * Reads a text: a string, or UTF-8 bytes, which are kept and not to be changed while values are in use. It has to be one value whole, in
   * strict JSON and strict UTF-8, of at most `maxBytes`, in which arrays and objects lie at most `maxDepth` deep. Else the result is
   * missing, `isValid` is false and `error` says what is wrong.
   */
  static parse<T>(text: T, maxDepth: i32 = 64, maxBytes: i32 = 1 << 20): Json {
    const source = new JsonText(toBytes<T>(text));
    source.scan(maxDepth, maxBytes);
    return new Json(source, source.problem == JsonProblem.NONE ? 0 : -1, 0, false);
  }

  /** Whether the text that this value is from is JSON. */
  get isValid(): bool {
    return this.source.problem == JsonProblem.NONE;
  }

  /** What is wrong with the text and where, such as `unexpected "}" at line 1, column 8`; empty if it is JSON. Columns count bytes. */
  get error(): string {
    const problem = this.source.problem;
    if (problem == JsonProblem.NONE) return "";
    if (problem == JsonProblem.TOO_LARGE) return "more than " + this.source.problemAt.toString() + " bytes";
    const at = this.source.problemAt;
    let line = 1;
    let column = 1;
    for (let index = 0; index < at; index++) {
      if (this.source.byteAt(index) == 0x0a) {
        line++;
        column = 1;
      } else column++;
    }
    return this.problemText() + " at line " + line.toString() + ", column " + column.toString();
  }

  /** Offset in bytes of what is wrong with the text, or -1. */
  get errorOffset(): i32 {
    return this.isValid ? -1 : this.source.problemAt;
  }

  private problemText(): string {
    switch (this.source.problem) {
      case JsonProblem.TOO_DEEP: return "too many levels";
      case JsonProblem.END: return "unexpected end";
      case JsonProblem.CONTROL_CHARACTER: return "a control character in a string";
      case JsonProblem.ESCAPE: return "an escape that does not exist";
      case JsonProblem.NOT_UTF8: return "bytes that are not UTF-8";
      case JsonProblem.TRAILING: return "something behind the value";
    }
    const byte = this.source.byteAt(this.source.problemAt);
    return byte > 0x20 && byte < 0x7f ? 'unexpected "' + String.fromCharCode(byte) + '"' : "unexpected byte " + byte.toString();
  }

  get kind(): JsonKind {
    if (this.node < 0) return JsonKind.MISSING;
    switch (this.source.byteAt(this.source.start(this.node))) {
      case 0x7b: return JsonKind.OBJECT;
      case 0x5b: return JsonKind.ARRAY;
      case 0x22: return JsonKind.STRING;
      case 0x74: case 0x66: return JsonKind.BOOLEAN;
      case 0x6e: return JsonKind.NULL;
      default: return JsonKind.NUMBER;
    }
  }

  get exists(): bool { return this.node >= 0; }
  get isNull(): bool { return this.kind == JsonKind.NULL; }
  get isBoolean(): bool { return this.kind == JsonKind.BOOLEAN; }
  get isNumber(): bool { return this.kind == JsonKind.NUMBER; }
  get isString(): bool { return this.kind == JsonKind.STRING; }
  get isArray(): bool { return this.kind == JsonKind.ARRAY; }
  get isObject(): bool { return this.kind == JsonKind.OBJECT; }

  /** The member of this name; of several the last, as in ECMAScript. Missing if there is none, or if this is no object. */
  get(name: string): Json {
    const source = this.source;
    let found = -1;
    let end = 0;
    if (this.isObject) {
      end = source.next(this.node);
      let key = this.node + 1;
      while (key < end) {
        const text = pointerOf(source.bytes);
        if (equalsText(text + source.start(key) + 1, text + source.end(key) - 1, name)) found = key + 1;
        key = source.next(key + 1);
      }
    }
    return new Json(source, found, end, true);
  }

  /** The element at an index, from 0; missing if there is none, or if this is no array. Takes longer the further back it is: iterate. */
  at(index: i32): Json {
    let element = this.isArray ? this.first() : this.missing();
    if (index < 0) return this.missing();
    for (; index > 0 && element.exists; index--) element = element.next();
    return element;
  }

  /** How many elements an array or members an object has; else 0. Counts them each time. */
  get length(): i32 {
    let count = 0;
    for (let item = this.first(); item.exists; item = item.next()) count++;
    return count;
  }

  /** The first element of an array or the first member's value of an object, in the order of the text; missing if there is none. */
  first(): Json {
    const kind = this.kind;
    if (kind != JsonKind.ARRAY && kind != JsonKind.OBJECT) return this.missing();
    const isObject = kind == JsonKind.OBJECT;
    const end = this.source.next(this.node);
    const first = this.node + 1;
    return new Json(this.source, first >= end ? -1 : first + i32(isObject), end, isObject);
  }

  /** The element or the member's value that follows this one; missing behind the last. */
  next(): Json {
    if (this.node < 0) return this;
    const next = this.source.next(this.node);
    return new Json(this.source, next >= this.parentEnd ? -1 : next + i32(this.isMember), this.parentEnd, this.isMember);
  }

  /** The name of this member; empty for what is no member of an object. */
  get key(): string {
    return this.isMember && this.node >= 0 ? this.decode(this.node - 1) : "";
  }

  /** The text of a string, else the fallback. */
  textOr(fallback: string): string {
    return this.isString ? this.decode(this.node) : fallback;
  }

  /** The text of a string, or null. */
  get text(): string | null {
    return this.isString ? this.decode(this.node) : null;
  }

  /** Whether this is a string with this text; makes no string of it. */
  isText(text: string): bool {
    if (!this.isString) return false;
    const bytes = pointerOf(this.source.bytes);
    return equalsText(bytes + this.source.start(this.node) + 1, bytes + this.source.end(this.node) - 1, text);
  }

  /** The text of a string in UTF-8, or null. Half a surrogate pair becomes U+FFFD. */
  get bytes(): ArrayBuffer | null {
    if (!this.isString) return null;
    const start = this.source.start(this.node) + 1;
    const end = this.source.end(this.node) - 1;
    const out = new ArrayBuffer(end - start);
    const text = pointerOf(this.source.bytes);
    const size = decodeUtf8(text + start, text + end, pointerOf(out));
    return size == out.byteLength ? out : copyBytes(pointerOf(out), size);
  }

  /** A boolean, else the fallback. */
  boolOr(fallback: bool): bool {
    return this.isBoolean ? this.source.byteAt(this.source.start(this.node)) == 0x74 : fallback;
  }

  /** A number, else the fallback. The nearest f64; infinite if it is too large for one. */
  f64Or(fallback: f64): f64 {
    if (!this.isNumber) return fallback;
    const text = pointerOf(this.source.bytes);
    return decimalValue(text + this.source.start(this.node), text + this.source.end(this.node));
  }

  /** Whether this is a number without fraction and exponent that fits an i64. */
  get isInteger(): bool {
    return this.isNumber && this.readInteger();
  }

  /** Such a number, exactly; else, also for `1.0` and `1e3`, the fallback. */
  i64Or(fallback: i64): i64 {
    return this.isNumber && this.readInteger() ? integer : fallback;
  }

  /** Such a number if it fits an i32, else the fallback. */
  i32Or(fallback: i32): i32 {
    return this.isNumber && this.readInteger() && integer == <i64>(<i32>integer) ? <i32>integer : fallback;
  }

  /** This value's own JSON text, as it stands, in UTF-8; empty for what is missing. */
  get raw(): ArrayBuffer {
    return this.node < 0 ? new ArrayBuffer(0) : this.source.raw(this.node);
  }

  private missing(): Json {
    return new Json(this.source, -1, 0, false);
  }

  private decode(node: i32): string {
    const bytes = pointerOf(this.source.bytes);
    const start = bytes + this.source.start(node) + 1;
    const end = bytes + this.source.end(node) - 1;
    const text = changetype<string>(__new(<usize>decodeUtf16(start, end, 0) << 1, idof<string>()));
    decodeUtf16(start, end, changetype<usize>(text));
    return text;
  }

  private readInteger(): bool {
    let at = pointerOf(this.source.bytes) + this.source.start(this.node);
    const end = pointerOf(this.source.bytes) + this.source.end(this.node);
    const isNegative = load<u8>(at) == 0x2d;
    if (isNegative) at++;
    const most: u64 = isNegative ? 1 << 63 : (1 << 63) - 1;
    let value: u64 = 0;
    for (; at < end; at++) {
      const byte = load<u8>(at);
      if (!isDigit(byte)) return false;
      const digit = <u64>(byte - 0x30);
      if (value > (most - digit) / 10) return false;
      value = value * 10 + digit;
    }
    integer = isNegative ? 0 - <i64>value : <i64>value;
    return true;
  }
}

/** What `readInteger` has read: a second result without an allocation. */
let integer: i64 = 0;
