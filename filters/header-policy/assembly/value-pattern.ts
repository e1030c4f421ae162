import { Glob } from "@heddle/wasm-sdk/assembly/glob";
import { Regex } from "@heddle/wasm-sdk/assembly/regex";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { FoundHeaders } from "./found-headers";
import { NamePattern } from "./name-pattern";

/** Which headers, and which values of them. */
export class ValuePattern {
  private constructor(private name: NamePattern, private glob: Glob | null, private regex: Regex | null) {}

  /** `{header}`, `{header, glob}` or `{header, regex}`. */
  static read(settings: Settings, needsValue: bool): ValuePattern | null {
    const name = NamePattern.read(settings, "header", settings.required("header"), true);
    let glob: Glob | null = null;
    let regex: Regex | null = null;
    if (settings.has("glob") && settings.has("regex")) settings.refuse("", 'wanted one of "glob" and "regex"');
    if (settings.has("glob")) glob = new Glob(settings.text("glob"));
    if (settings.has("regex")) {
      const compiled = Regex.compile(settings.text("regex"));
      if (compiled.error.length > 0) settings.refuse("regex", compiled.error);
      regex = compiled;
    }
    if (needsValue && glob === null && regex === null) settings.refuse("", 'wanted "glob" or "regex"');
    settings.refuseOthers();
    return name === null ? null : new ValuePattern(name, glob, regex);
  }

  /** The name of a header whose value is as described; empty if there is none. */
  matching(found: FoundHeaders): string {
    for (let index = 0; index < found.list.length; index++) {
      const header = unchecked(found.list[index]);
      if (this.name.match(header.name) && this.isValue(header.value)) return header.name;
    }
    return "";
  }

  /** The name of a header whose value is not as described; empty if there is none. */
  violating(found: FoundHeaders): string {
    for (let index = 0; index < found.list.length; index++) {
      const header = unchecked(found.list[index]);
      if (this.name.match(header.name) && !this.isValue(header.value)) return header.name;
    }
    return "";
  }

  private isValue(value: string): bool {
    const glob = this.glob;
    if (glob !== null) return glob.matches(value);
    const regex = this.regex;
    return regex === null || regex.isMatch(value);
  }
}
