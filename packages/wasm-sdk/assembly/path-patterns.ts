import { Glob } from "./glob";
import { Settings } from "./settings";

/**
 * Paths of requests, as globs: `/healthz`, `/public/**`. A pattern that ends in `/**` takes the path before it too. The query is no part of a
 * path.
 */
export class PathPatterns {
  private globs: Glob[] = [];

  /** Reads a list of patterns, each of which begins with `/` or `*`. */
  static read(settings: Settings, name: string): PathPatterns {
    const patterns = new PathPatterns();
    const texts = settings.texts(name);
    for (let index = 0; index < texts.length; index++) {
      const text = texts[index];
      if (text.startsWith("/") || text.startsWith("*")) patterns.add(text);
      else settings.refuse(name + "[" + index.toString() + "]", 'found "' + text + '", wanted a path that begins with "/"');
    }
    return patterns;
  }

  add(pattern: string): void {
    this.globs.push(new Glob(pattern));
    if (pattern.length > 3 && pattern.endsWith("/**")) this.globs.push(new Glob(pattern.substring(0, pattern.length - 3)));
  }

  @inline get isEmpty(): bool {
    return this.globs.length == 0;
  }

  /** @param path without a query: see {@link pathWithoutQuery} */
  match(path: string): bool {
    for (let index = 0; index < this.globs.length; index++) {
      if (unchecked(this.globs[index]).matches(path)) return true;
    }
    return false;
  }
}

/** What stands before the query of `:path`. */
export function pathWithoutQuery(path: string): string {
  for (let index = 0; index < path.length; index++) {
    const unit = path.charCodeAt(index);
    if (unit == 0x3f || unit == 0x23) return path.substring(0, index);
  }
  return path;
}

/**
 * Whether everybody who reads a path takes it for the same: it begins with `/`, and has no empty, `.` or `..` segments, no backslashes, no
 * parameters (`;`) and no encoded dots, slashes or backslashes. What a filter decides by another path, the server behind it may see otherwise:
 * `/public/../admin` begins with `/public/`.
 */
export function isPlainPath(path: string): bool {
  const length = path.length;
  if (length == 0 || path.charCodeAt(0) != 0x2f) return false;
  for (let index = 0; index < length; index++) {
    const unit = path.charCodeAt(index);
    if (unit == 0x2f) {
      const next = index + 1 < length ? path.charCodeAt(index + 1) : 0;
      if (next == 0x2f) return false;
      if (next == 0x2e && isDotSegment(path, index + 1)) return false;
    } else if (unit == 0x25) {
      if (index + 2 >= length) return false;
      const high = path.charCodeAt(index + 1);
      const low = path.charCodeAt(index + 2) | 0x20;
      // %2e, %2f, %5c; and %25, of which decoding twice may make any of them.
      if (high == 0x32 && (low == 0x65 || low == 0x66 || low == 0x35)) return false;
      if (high == 0x35 && low == 0x63) return false;
    } else if (unit == 0x5c || unit == 0x3b || unit <= 0x20 || unit == 0x7f) {
      return false;
    }
  }
  return true;
}

/** Whether the segment that begins here is `.` or `..`. */
function isDotSegment(path: string, start: i32): bool {
  let end = start;
  while (end < path.length && path.charCodeAt(end) == 0x2e) end++;
  return end - start <= 2 && (end == path.length || path.charCodeAt(end) == 0x2f);
}
