import { Headers } from "./headers";
import { bytesOf } from "./text";
import { getCookie, withoutCookie } from "./cookies";
import { Query, withoutQueryParameter } from "./query";
import { readHeaderName } from "./header-names";
import { Settings } from "./settings";

/** Where a request may carry what it shows: a key, a token. Of a configuration: `{header, prefix?}`, `{query}` or `{cookie}`. */
export abstract class Source {
  /** What it carries; null if there is nothing. */
  abstract find(headers: Headers): ArrayBuffer | null;
  /** Takes it out of the request. */
  abstract strip(headers: Headers): void;
  /** {@link strip} where `find` has found something: that is not looked for again. */
  stripFound(headers: Headers): void {
    this.strip(headers);
  }

  static read(settings: Settings): Source {
    const header = readHeaderName(settings, "header");
    const query = settings.text("query");
    const cookie = settings.text("cookie");
    const prefix = settings.text("prefix");
    if (i32(header.length > 0) + i32(query.length > 0) + i32(cookie.length > 0) != 1) {
      settings.refuse("", 'wanted one of "header", "query" and "cookie"');
    }
    if (prefix.length > 0 && header.length == 0) settings.refuse("prefix", 'goes with "header" only');
    settings.refuseOthers();
    if (query.length > 0) return new QuerySource(query);
    if (cookie.length > 0) return new CookieSource(cookie);
    return new HeaderSource(header, bytesOf(prefix));
  }
}

export class HeaderSource extends Source {
  constructor(private name: string, private prefix: ArrayBuffer) {
    super();
  }

  find(headers: Headers): ArrayBuffer | null {
    const value = headers.getBytes(this.name);
    if (value === null) return null;
    const skipped = this.prefix.byteLength;
    if (skipped == 0) return value.byteLength == 0 ? null : value;
    return this.hasPrefix(value) && value.byteLength > skipped ? value.slice(skipped) : null;
  }

  strip(headers: Headers): void {
    // A header that says something else, such as another kind of credentials, is the upstream's.
    if (this.find(headers) !== null) headers.remove(this.name);
  }

  stripFound(headers: Headers): void {
    headers.remove(this.name);
  }

  /** Schemes such as `Bearer ` have no case (RFC 9110, section 11.1). */
  private hasPrefix(value: ArrayBuffer): bool {
    const length = this.prefix.byteLength;
    if (value.byteLength < length) return false;
    for (let index = 0; index < length; index++) {
      if (lower(load<u8>(changetype<usize>(value) + index)) != lower(load<u8>(changetype<usize>(this.prefix) + index))) return false;
    }
    return true;
  }
}

class QuerySource extends Source {
  constructor(private name: string) {
    super();
  }

  find(headers: Headers): ArrayBuffer | null {
    const path = headers.getBytes(":path");
    return path === null ? null : encoded(Query.ofPath(path).get(this.name));
  }

  strip(headers: Headers): void {
    const path = headers.path;
    if (path === null) return;
    const stripped = withoutQueryParameter(path, this.name);
    if (stripped.length != path.length) headers.set(":path", stripped);
  }
}

class CookieSource extends Source {
  constructor(private name: string) {
    super();
  }

  find(headers: Headers): ArrayBuffer | null {
    const cookies = headers.getBytes("cookie");
    return cookies === null ? null : encoded(getCookie(cookies, this.name));
  }

  strip(headers: Headers): void {
    const cookies = headers.get("cookie");
    if (cookies === null || getCookie(cookies, this.name) === null) return;
    const others = withoutCookie(cookies, this.name);
    if (others.length == 0) headers.remove("cookie");
    else headers.set("cookie", others);
  }
}

function encoded(text: string | null): ArrayBuffer | null {
  return text === null || text.length == 0 ? null : String.UTF8.encode(text);
}

function lower(byte: u8): u8 {
  return byte - 0x41 < 26 ? byte | 0x20 : byte;
}
