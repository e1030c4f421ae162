/**
 * The parts of a URL (RFC 3986), as they are written: nothing is decoded or normalised.
 *
 *     const url = Url.parse("https://user@example.com:8443/a/b?c=d#e");
 */
export class Url {
  /** Lower case; empty in a request's path. */
  scheme: string = "";
  /** What stands in front of `@`, or null. */
  userInfo: string | null = null;
  /** Lower case, an IPv6 address with its brackets; empty in a request's path. */
  host: string = "";
  /** -1 if none is written. */
  port: i32 = -1;
  path: string = "";
  /** Without its `?`; null if there is none. */
  query: string | null = null;
  /** Without its `#`; null if there is none. */
  fragment: string | null = null;

  /**
   * Reads an absolute URL with an authority, or a request's path (`/a?b`). Null if it is neither: spaces, control characters or something
   * beyond ASCII, an empty host, a port that is no number up to 65535, a bracket that is not closed.
   */
  static parse(text: string): Url | null {
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit <= 0x20 || unit >= 0x7f || unit == 0x5c) return null;
    }
    const url = new Url();
    let rest = text;
    const hash = rest.indexOf("#");
    if (hash >= 0) {
      url.fragment = rest.substring(hash + 1);
      rest = rest.substring(0, hash);
    }
    const mark = rest.indexOf("?");
    if (mark >= 0) {
      url.query = rest.substring(mark + 1);
      rest = rest.substring(0, mark);
    }
    if (rest.startsWith("/")) {
      url.path = rest;
      return url;
    }
    const colon = rest.indexOf("://");
    if (colon < 1 || !isScheme(rest, colon)) return null;
    url.scheme = lowerCase(rest.substring(0, colon));
    const slash = rest.indexOf("/", colon + 3);
    url.path = slash < 0 ? "" : rest.substring(slash);
    return url.readAuthority(rest.substring(colon + 3, slash < 0 ? rest.length : slash)) ? url : null;
  }

  /** Host, and port if one is written. */
  get authority(): string {
    return this.port < 0 ? this.host : this.host + ":" + this.port.toString();
  }

  /** The written port, else the scheme's: 443 for https and wss, 80 for http and ws, -1 for others. */
  get effectivePort(): i32 {
    if (this.port >= 0) return this.port;
    if (this.scheme == "https" || this.scheme == "wss") return 443;
    return this.scheme == "http" || this.scheme == "ws" ? 80 : -1;
  }

  /** Path and query, as a request's `:path`; at least `/`. */
  get requestPath(): string {
    const query = this.query;
    return (this.path.length == 0 ? "/" : this.path) + (query === null ? "" : "?" + query);
  }

  toString(): string {
    let text = this.scheme.length == 0 ? "" : this.scheme + "://";
    const userInfo = this.userInfo;
    if (userInfo !== null) text += userInfo + "@";
    text += this.authority + this.path;
    const query = this.query;
    if (query !== null) text += "?" + query;
    const fragment = this.fragment;
    return fragment === null ? text : text + "#" + fragment;
  }

  private readAuthority(authority: string): bool {
    const at = authority.lastIndexOf("@");
    if (at >= 0) this.userInfo = authority.substring(0, at);
    const address = authority.substring(at + 1);
    let hostEnd = address.indexOf(":");
    if (address.startsWith("[")) {
      const bracket = address.indexOf("]");
      if (bracket < 3) return false;
      hostEnd = bracket + 1;
      if (hostEnd == address.length) hostEnd = -1;
      else if (address.charCodeAt(hostEnd) != 0x3a) return false;
    } else if (address.includes("[") || address.includes("]")) return false;
    this.host = lowerCase(hostEnd < 0 ? address : address.substring(0, hostEnd));
    if (this.host.length == 0) return false;
    if (hostEnd < 0) return true;
    const digits = address.substring(hostEnd + 1);
    if (digits.length == 0 || digits.length > 5) return false;
    let port = 0;
    for (let index = 0; index < digits.length; index++) {
      const digit = digits.charCodeAt(index) - 0x30;
      if (digit < 0 || digit > 9) return false;
      port = port * 10 + digit;
    }
    this.port = port;
    return port <= 65535;
  }
}

function isScheme(text: string, end: i32): bool {
  for (let index = 0; index < end; index++) {
    const unit = text.charCodeAt(index);
    const letter = unit | 0x20;
    if (letter >= 0x61 && letter <= 0x7a) continue;
    if (index == 0 || !((unit >= 0x30 && unit <= 0x39) || unit == 0x2b || unit == 0x2d || unit == 0x2e)) return false;
  }
  return true;
}

/** ASCII only: the library's own brings tables of Unicode with it. */
export function lowerCase(text: string): string {
  const length = text.length;
  const lower = changetype<string>(__new(<usize>length << 1, idof<string>()));
  for (let index = 0; index < length; index++) {
    const unit = load<u16>(changetype<usize>(text) + (index << 1));
    store<u16>(changetype<usize>(lower) + (index << 1), unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit);
  }
  return lower;
}
