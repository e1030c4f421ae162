import { Configuration } from "@heddle/wasm-sdk/assembly";
import { readHeaderName } from "@heddle/wasm-sdk/assembly/header-names";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";

/** The configuration: README.md has the table. */
export class TraceSettings {
  readsW3c: bool = false;
  readsB3: bool = false;
  writesW3c: bool = false;
  writesB3: bool = false;
  writesB3Multi: bool = false;
  trusts: bool = true;
  makesSpans: bool = false;
  /** Of 2^56 traces, so many are sampled. */
  threshold: u64 = 0;
  requestIdHeader: string = "";
  responseHeader: string = "";
  logs: bool = false;

  /** Null if it cannot be used; why is in the log. */
  static read(configuration: Configuration): TraceSettings | null {
    const settings = Settings.of(configuration);
    const read = new TraceSettings();
    const reads = settings.has("read") ? formats(settings, "read", false) : ["w3c", "b3"];
    read.readsW3c = reads.includes("w3c");
    read.readsB3 = reads.includes("b3");
    const writes = settings.has("write") ? formats(settings, "write", true) : ["w3c"];
    read.writesW3c = writes.includes("w3c");
    read.writesB3 = writes.includes("b3");
    read.writesB3Multi = writes.includes("b3-multi");
    read.trusts = settings.flag("trust", true);
    read.makesSpans = settings.choice("span", ["keep", "new"], "keep") == "new";
    read.threshold = ((<u64>settings.integer("sampling", 100, 0, 100)) << 56) / 100;
    read.requestIdHeader = settings.has("requestIdHeader") ? readHeaderName(settings, "requestIdHeader") : "x-request-id";
    read.responseHeader = settings.has("responseHeader") ? readHeaderName(settings, "responseHeader") : "";
    read.logs = settings.flag("log", false);
    return settings.accept() ? read : null;
  }
}

function formats(settings: Settings, name: string, hasMulti: bool): string[] {
  const found = settings.texts(name);
  if (found.length == 0) settings.refuse(name, "wanted at least one format");
  for (let index = 0; index < found.length; index++) {
    const format = found[index];
    if (format == "w3c" || format == "b3" || (hasMulti && format == "b3-multi")) continue;
    settings.refuse(name + "[" + index.toString() + "]", hasMulti ? "wanted w3c, b3 or b3-multi" : "wanted w3c or b3");
  }
  return found;
}
