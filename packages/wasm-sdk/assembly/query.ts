import { equalsBytes, pointerOf, textAt, toBytes, toText } from "./bytes";
import { decodePercentAt } from "./percent";

/**
 * The parameters of a query (`application/x-www-form-urlencoded` of the URL standard): `a=1&b=x+y`. Names and values come decoded; broken
 * percent-encodings stay as they are. Nothing is decoded before it is asked for.
 *
 *     Query.ofPath(headers.get(":path")).get("page")
 */
export class Query {
  private constructor(private readonly bytes: ArrayBuffer, private readonly start: i32, private readonly end: i32) {}

  /** Parameters of a query without its `?`: text or bytes. */
  static parse<T>(query: T): Query {
    const bytes = toBytes<T>(query);
    return new Query(bytes, 0, bytes.byteLength);
  }

  /** Parameters of a request's path, which follow its first `?`; a fragment is none of them. */
  static ofPath<T>(path: T): Query {
    const bytes = toBytes<T>(path);
    const at = pointerOf(bytes);
    const hash = indexOfByte(at, 0, bytes.byteLength, 0x23);
    const mark = indexOfByte(at, 0, hash, 0x3f);
    return new Query(bytes, min(mark + 1, hash), hash);
  }

  /** The first value of a name, or null. A parameter without `=` has an empty one. */
  get(name: string): string | null {
    const wanted = toBytes(name);
    for (let at = this.start; at < this.end; ) {
      const end = this.pairEnd(at);
      const equals = indexOfByte(pointerOf(this.bytes), at, end, 0x3d);
      if (end > at && this.isName(at, equals, wanted)) return this.decode(min(equals + 1, end), end);
      at = end + 1;
    }
    return null;
  }

  /** Whether there is a parameter of this name. */
  has(name: string): bool {
    return this.get(name) !== null;
  }

  /** Names and values in turn: name, value, name, value. */
  pairs(): string[] {
    const list: string[] = [];
    for (let at = this.start; at < this.end; ) {
      const end = this.pairEnd(at);
      if (end > at) {
        const equals = indexOfByte(pointerOf(this.bytes), at, end, 0x3d);
        list.push(this.decode(at, equals));
        list.push(this.decode(min(equals + 1, end), end));
      }
      at = end + 1;
    }
    return list;
  }

  /** The query without the parameters of one name; the others stay byte for byte. */
  without(name: string): string {
    const wanted = toBytes(name);
    let text = "";
    let isFirst = true;
    for (let at = this.start; at < this.end; ) {
      const end = this.pairEnd(at);
      const equals = indexOfByte(pointerOf(this.bytes), at, end, 0x3d);
      if (end == at || !this.isName(at, equals, wanted)) {
        if (!isFirst) text += "&";
        text += textAt(pointerOf(this.bytes) + at, end - at);
        isFirst = false;
      }
      at = end + 1;
    }
    return text;
  }

  private pairEnd(at: i32): i32 {
    return indexOfByte(pointerOf(this.bytes), at, this.end, 0x26);
  }

  private decode(start: i32, end: i32): string {
    return toText(decodePercentAt(pointerOf(this.bytes) + start, end - start, true));
  }

  private isName(start: i32, end: i32, wanted: ArrayBuffer): bool {
    const name = decodePercentAt(pointerOf(this.bytes) + start, end - start, true);
    return equalsBytes(pointerOf(name), name.byteLength, pointerOf(wanted), wanted.byteLength);
  }
}

/** A request's path without the query parameters of one name; the rest stays byte for byte. */
export function withoutQueryParameter(path: string, name: string): string {
  const hash = path.indexOf("#");
  const beforeHash = hash < 0 ? path : path.substring(0, hash);
  const mark = beforeHash.indexOf("?");
  if (mark < 0) return path;
  const query = Query.parse(beforeHash.substring(mark + 1)).without(name);
  return beforeHash.substring(0, mark) + (query.length == 0 ? "" : "?" + query) + (hash < 0 ? "" : path.substring(hash));
}

function indexOfByte(start: usize, from: i32, end: i32, byte: u8): i32 {
  while (from < end && load<u8>(start + from) != byte) from++;
  return from;
}
