import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { FoundHeaders } from "./found-headers";

/** What a request's headers may be at most; 0 for no limit. */
export class Limits {
  private count: i32 = 0;
  private totalBytes: i32 = 0;
  private valueBytes: i32 = 0;
  private pathBytes: i32 = 0;

  static read(settings: Settings | null): Limits {
    const limits = new Limits();
    if (settings === null) return limits;
    limits.count = <i32>settings.integer("count", 0, 1, 1000);
    limits.totalBytes = <i32>settings.integer("totalBytes", 0, 1, 1 << 20);
    limits.valueBytes = <i32>settings.integer("valueBytes", 0, 1, 1 << 20);
    limits.pathBytes = <i32>settings.integer("pathBytes", 0, 1, 1 << 20);
    settings.refuseOthers();
    return limits;
  }

  /** What exceeds its limit: `path`, or words for headers; empty if nothing does. Pseudo-headers are none. */
  exceededBy(found: FoundHeaders, path: string): string {
    if (this.pathBytes > 0 && path.length > this.pathBytes) return "path";
    let count = 0;
    let total = 0;
    for (let index = 0; index < found.list.length; index++) {
      const header = unchecked(found.list[index]);
      if (header.name.startsWith(":")) continue;
      const size = String.UTF8.byteLength(header.value);
      if (this.valueBytes > 0 && size > this.valueBytes) return "header values";
      count++;
      total += header.name.length + size;
    }
    if (this.count > 0 && count > this.count) return "headers";
    return this.totalBytes > 0 && total > this.totalBytes ? "headers" : "";
  }
}
