// What the tests of JSON call: bytes in, bytes out.
import { Json, JsonKind, JsonWriter } from "../assembly/json";
import { decimalValue } from "../assembly/decimal";
import { pointerOf } from "../assembly/bytes";

export { allocate } from "./plain";

/** Writes what was read, value by value. With `E` first it is the error. */
export function roundTrip(text: ArrayBuffer, maxDepth: i32, maxBytes: i32): ArrayBuffer {
  const json = Json.parse(text, maxDepth, maxBytes);
  if (!json.isValid) return String.UTF8.encode("E" + json.errorOffset.toString() + " " + json.error);
  const out = new JsonWriter();
  // No recursion here either: values that are open wait in an array.
  const open: Json[] = [];
  let value = json;
  while (true) {
    switch (value.kind) {
      case JsonKind.NULL: out.null(); break;
      case JsonKind.BOOLEAN: out.bool(value.boolOr(false)); break;
      case JsonKind.STRING: out.text(value.textOr("")); break;
      case JsonKind.NUMBER: {
        if (value.isInteger && value.i64Or(0) != 0) out.i64(value.i64Or(0));
        else out.f64(value.f64Or(0));
        break;
      }
      case JsonKind.ARRAY:
      case JsonKind.OBJECT: {
        if (value.isArray) out.array();
        else out.object();
        const first = value.first();
        if (first.exists) {
          open.push(value);
          value = first;
          if (open[open.length - 1].isObject) out.key(value.key);
          continue;
        }
        out.end();
        break;
      }
      default: unreachable();
    }
    while (open.length > 0) {
      // `value` has been written; the container's next one follows.
      const next = value.next();
      if (next.exists) {
        value = next;
        if (open[open.length - 1].isObject) out.key(value.key);
        break;
      }
      out.end();
      value = open.pop();
    }
    if (open.length == 0) break;
  }
  return out.toBytes();
}

/** Strings through their UTF-8, not through UTF-16. */
export function stringBytes(text: ArrayBuffer): ArrayBuffer {
  const bytes = Json.parse(text).bytes;
  return bytes === null ? new ArrayBuffer(0) : bytes;
}

/** The member that a path of names, a line each, leads to, as its own text; `#3` is an element. */
export function find(text: ArrayBuffer, path: ArrayBuffer): ArrayBuffer {
  let value = Json.parse(text);
  const names = String.UTF8.decode(path).split("\n");
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    value = name.startsWith("#") ? value.at(<i32>parseInt(name.substring(1))) : value.get(name);
  }
  return value.raw;
}

export function isText(text: ArrayBuffer, wanted: ArrayBuffer): bool {
  return Json.parse(text).isText(String.UTF8.decode(wanted));
}

export function lengthOf(text: ArrayBuffer): i32 {
  return Json.parse(text).length;
}

export function integerOf(text: ArrayBuffer): ArrayBuffer {
  const json = Json.parse(text);
  return String.UTF8.encode(
    json.isInteger.toString() + " " + json.i64Or(-7).toString() + " " + json.i32Or(-8).toString(),
  );
}

export function decimal(text: ArrayBuffer): f64 {
  return decimalValue(pointerOf(text), pointerOf(text) + text.byteLength);
}

/** Every accessor on a value that may be anything. */
export function accessors(text: ArrayBuffer): ArrayBuffer {
  const json = Json.parse(text).get("v");
  const word = json.text;
  const out = new JsonWriter().array()
    .i64(json.kind).bool(json.exists).bool(json.isNull).bool(json.isBoolean).bool(json.isNumber).bool(json.isString).bool(json.isArray).bool(json.isObject)
    .text(json.textOr("fallback")).bool(json.boolOr(true)).f64(json.f64Or(0.5)).i64(json.i64Or(-7)).i64(json.length)
    .text(json.key).bool(json.first().exists).bool(json.next().exists).bool(json.get("x").get("y").exists).bool(json.at(0).exists).bool(json.at(-1).exists);
  if (word === null) out.null();
  else out.text(word);
  return out.end().end().end().toBytes();
}
