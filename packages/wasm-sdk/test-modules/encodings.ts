// What the tests of encodings, hashes and the parts of requests call.
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from "../assembly/base64";
import { toText } from "../assembly/bytes";
import { equalsConstantTime } from "../assembly/constant-time";
import { SetCookie, getCookie, withoutCookie } from "../assembly/cookies";
import { Glob } from "../assembly/glob";
import { decodeHex, encodeHex } from "../assembly/hex";
import { HmacSha256, hmacSha256 as hmac } from "../assembly/hmac";
import { JsonWriter } from "../assembly/json";
import { decodePercent, encodePercent } from "../assembly/percent";
import { Query, withoutQueryParameter } from "../assembly/query";
import { Sha256, sha256 as hash } from "../assembly/sha256";
import { Url } from "../assembly/url";
import { isUtf8 as valid } from "../assembly/utf8";
import { TraceContext, Tracestate, b3Decision, formatB3Single, formatTraceparent, parseB3Multi, parseB3Single, parseTraceparent, traceIdentifier } from "../assembly/trace-context";
import { ProtoReader, ProtoWriter, WireType } from "../assembly/protobuf";

export { allocate } from "./plain";

function bytes(text: string): ArrayBuffer { return String.UTF8.encode(text); }
function orNone(value: ArrayBuffer | null): ArrayBuffer { return value === null ? bytes("none") : value; }
function textOrNone(value: string | null): ArrayBuffer { return value === null ? bytes("null") : bytes("=" + value); }

export function base64(value: ArrayBuffer): ArrayBuffer { return bytes(encodeBase64(value)); }
export function base64Url(value: ArrayBuffer): ArrayBuffer { return bytes(encodeBase64Url(value)); }
export function fromBase64(text: ArrayBuffer): ArrayBuffer { return orNone(decodeBase64(text)); }
export function fromBase64Url(text: ArrayBuffer): ArrayBuffer { return orNone(decodeBase64Url(toText(text))); }
export function hex(value: ArrayBuffer): ArrayBuffer { return bytes(encodeHex(Uint8Array.wrap(value))); }
export function fromHex(text: ArrayBuffer): ArrayBuffer { return orNone(decodeHex(text)); }
export function text(value: ArrayBuffer): ArrayBuffer { return bytes(toText(value)); }
export function isUtf8(value: ArrayBuffer): bool { return valid(changetype<usize>(value), value.byteLength); }
export function sha256(value: ArrayBuffer): ArrayBuffer { return hash(value); }
export function hmacSha256(key: ArrayBuffer, message: ArrayBuffer): ArrayBuffer { return hmac(key, message); }

/** The same piece by piece: `step` bytes at a time, then a second message with the same objects. */
export function sha256InPieces(value: ArrayBuffer, step: i32): ArrayBuffer {
  const pieces = new Sha256();
  pieces.update("something else");
  pieces.reset();
  for (let at = 0; at < value.byteLength; at += step) pieces.update(value.slice(at, at + step));
  return pieces.digest();
}
export function hmacInPieces(key: ArrayBuffer, message: ArrayBuffer, step: i32): ArrayBuffer {
  const pieces = new HmacSha256(key);
  pieces.update("another message");
  pieces.digest();
  for (let at = 0; at < message.byteLength; at += step) pieces.update(message.slice(at, at + step));
  return pieces.digest();
}

export function isSame(left: ArrayBuffer, right: ArrayBuffer): bool { return equalsConstantTime(left, right); }
export function percent(value: ArrayBuffer): ArrayBuffer { return bytes(encodePercent(value)); }
export function fromPercent(value: ArrayBuffer): ArrayBuffer { return textOrNone(decodePercent(value)); }

export function query(value: ArrayBuffer): ArrayBuffer {
  const pairs = Query.parse(value).pairs();
  const out = new JsonWriter().array();
  for (let index = 0; index < pairs.length; index++) out.text(pairs[index]);
  return out.end().toBytes();
}
export function queryOfPath(path: ArrayBuffer, name: ArrayBuffer): ArrayBuffer { return textOrNone(Query.ofPath(path).get(toText(name))); }
export function pathWithout(path: ArrayBuffer, name: ArrayBuffer): ArrayBuffer { return bytes(withoutQueryParameter(toText(path), toText(name))); }
export function cookie(header: ArrayBuffer, name: ArrayBuffer): ArrayBuffer { return textOrNone(getCookie(header, toText(name))); }
export function cookiesWithout(header: ArrayBuffer, name: ArrayBuffer): ArrayBuffer { return bytes(withoutCookie(header, toText(name))); }
export function setCookie(name: ArrayBuffer, value: ArrayBuffer, path: ArrayBuffer, maxAge: i32): ArrayBuffer {
  const cookie = new SetCookie(toText(name), toText(value));
  cookie.path = toText(path);
  cookie.maxAge = maxAge;
  return textOrNone(cookie.format());
}
export function plainCookie(): ArrayBuffer {
  const cookie = new SetCookie("a", "b");
  cookie.secure = false;
  cookie.httpOnly = false;
  cookie.sameSite = "";
  cookie.domain = "example.com";
  return textOrNone(cookie.format());
}

export function url(text: ArrayBuffer): ArrayBuffer {
  const url = Url.parse(toText(text));
  if (url === null) return bytes("null");
  const out = new JsonWriter().object();
  out.key("scheme").text(url.scheme).key("host").text(url.host).key("port").i64(url.port).key("path").text(url.path);
  const user = url.userInfo;
  if (user !== null) out.key("userInfo").text(user);
  const query = url.query;
  if (query !== null) out.key("query").text(query);
  const fragment = url.fragment;
  if (fragment !== null) out.key("fragment").text(fragment);
  out.key("authority").text(url.authority).key("effectivePort").i64(url.effectivePort).key("requestPath").text(url.requestPath);
  return out.key("text").text(url.toString()).end().toBytes();
}

export function glob(pattern: ArrayBuffer, value: ArrayBuffer): bool { return new Glob(toText(pattern)).matches(value); }

function context(value: TraceContext | null): ArrayBuffer {
  if (value === null) return bytes("null");
  return bytes(
    value.traceId + " " + value.spanId + " " + value.isSampled.toString() + " " + value.isDebug.toString() + " " + value.isDecided.toString() +
      " " + formatTraceparent(value) + " " + formatB3Single(value),
  );
}
export function traceparent(value: ArrayBuffer): ArrayBuffer { return context(parseTraceparent(toText(value))); }
export function childOf(value: ArrayBuffer): ArrayBuffer {
  const parent = parseTraceparent(toText(value));
  return parent === null ? bytes("null") : context(parent.withSpan("1111111111111111").withSampled(!parent.isSampled));
}
export function b3Single(value: ArrayBuffer): ArrayBuffer { return context(parseB3Single(toText(value))); }
export function b3Multi(values: ArrayBuffer): ArrayBuffer {
  const parts = toText(values).split(",");
  const list: (string | null)[] = [];
  for (let index = 0; index < 4; index++) list.push(index >= parts.length || parts[index] == "-" ? null : parts[index]);
  return context(parseB3Multi(list[0], list[1], list[2], list[3]));
}
export function decision(value: ArrayBuffer): i32 { return b3Decision(toText(value)); }
export function tracestate(value: ArrayBuffer): ArrayBuffer { return bytes(Tracestate.parse(toText(value)).format()); }
export function tracestateGet(value: ArrayBuffer, key: ArrayBuffer): ArrayBuffer { return textOrNone(Tracestate.parse(toText(value)).get(toText(key))); }
export function tracestateSet(value: ArrayBuffer, key: ArrayBuffer, member: ArrayBuffer): ArrayBuffer {
  const state = Tracestate.parse(toText(value));
  const isSet = state.set(toText(key), toText(member));
  return bytes((isSet ? "set " : "left ") + state.format());
}
export function tracestateRemove(value: ArrayBuffer, key: ArrayBuffer): ArrayBuffer {
  const state = Tracestate.parse(toText(value));
  state.remove(toText(key));
  return bytes(state.format());
}
export function identifier(high: u64, low: u64, digits: i32): ArrayBuffer { return bytes(traceIdentifier(high, low, digits)); }

/** What a message has, field by field, two levels of it. */
export function readMessage(message: ArrayBuffer, depth: i32): ArrayBuffer {
  const out = new JsonWriter();
  describe(ProtoReader.of(message), out, depth);
  return out.toBytes();
}
function describe(reader: ProtoReader, out: JsonWriter, depth: i32): void {
  out.array();
  while (reader.next()) {
    out.array().i64(reader.field).i64(reader.type);
    if (reader.type == WireType.BYTES && depth > 0) describe(reader.message, out, depth - 1);
    else if (reader.type == WireType.BYTES) out.text(reader.text);
    else out.text(reader.uint64.toString()).text(reader.sint64.toString()).f64(reader.double).f64(reader.float).bool(reader.bool);
    out.end();
  }
  if (reader.failed) out.text("failed");
  out.end();
}
export function writeMessage(u: u64, s: i64, d: f64, f: f32, text: ArrayBuffer): ArrayBuffer {
  const inner = new ProtoWriter().bytes(1, text).bytes(2, toText(text));
  return new ProtoWriter()
    .uint64(1, u).int64(2, s).sint64(3, s).bool(4, true).fixed64(5, u).fixed32(6, <u32>u).double(7, d).float(8, f).message(536870911, inner).toBytes();
}
