import { Header, Headers } from "@heddle/wasm-sdk/assembly";
import { PathPatterns } from "@heddle/wasm-sdk/assembly/path-patterns";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { FoundHeaders } from "./found-headers";
import { lowerName, NamePattern } from "./name-pattern";
import { ValuePattern } from "./value-pattern";

/** What is wanted of messages, and what becomes of their headers. */
export class Rule {
  private paths: PathPatterns = new PathPatterns();
  private methods: string[] = [];
  /** As they are written: `404` or `5xx`. */
  private statuses: string[] = [];
  private require: string[] = [];
  private deny: ValuePattern[] = [];
  private allow: ValuePattern[] = [];
  private removed: NamePattern[] = [];
  private renamed: Header[] = [];
  private setTo: Header[] = [];
  private added: Header[] = [];
  status: u32 = 0;
  message: string = "";

  static read(settings: Settings, isResponse: bool): Rule {
    const rule = new Rule();
    rule.paths = PathPatterns.read(settings, "paths");
    rule.methods = settings.texts("methods");
    if (isResponse) {
      rule.statuses = settings.texts("statuses");
      for (let index = 0; index < rule.statuses.length; index++) {
        if (!isStatusPattern(rule.statuses[index])) settings.refuse("statuses[" + index.toString() + "]", "wanted a status such as 404 or 5xx");
      }
    }
    const required = settings.texts("require");
    for (let index = 0; index < required.length; index++) {
      const name = lowerName(required[index], false, true);
      if (name.length == 0) settings.refuse("require[" + index.toString() + "]", 'found "' + required[index] + '", wanted the name of a header');
      rule.require.push(name);
    }
    const deny = settings.objects("deny");
    for (let index = 0; index < deny.length; index++) {
      const pattern = ValuePattern.read(deny[index], false);
      if (pattern !== null) rule.deny.push(pattern);
    }
    const allow = settings.objects("allow");
    for (let index = 0; index < allow.length; index++) {
      const pattern = ValuePattern.read(allow[index], true);
      if (pattern !== null) rule.allow.push(pattern);
    }
    const removed = settings.texts("remove");
    for (let index = 0; index < removed.length; index++) {
      const pattern = NamePattern.read(settings, "remove[" + index.toString() + "]", removed[index], false);
      if (pattern !== null) rule.removed.push(pattern);
    }
    rule.renamed = readPairs(settings, "rename", true);
    rule.setTo = readPairs(settings, "set", false);
    rule.added = readPairs(settings, "add", false);
    rule.status = <u32>settings.integer("status", isResponse ? 502 : 400, 400, 599);
    rule.message = settings.text("message");
    settings.refuseOthers();
    return rule;
  }

  /** A path that servers read in more ways than one is under every rule. */
  isFor(method: string, path: string, isPlain: bool, status: u32): bool {
    if (this.methods.length > 0 && !this.methods.includes(method)) return false;
    if (!this.paths.isEmpty && isPlain && !this.paths.match(path)) return false;
    if (this.statuses.length == 0) return true;
    for (let index = 0; index < this.statuses.length; index++) {
      if (isStatus(unchecked(this.statuses[index]), status)) return true;
    }
    return false;
  }

  /** The name of a header that is wanted and not there, or empty; an empty text if none is missing. */
  missing(found: FoundHeaders): string {
    for (let index = 0; index < this.require.length; index++) {
      if (found.first(this.require[index]).length == 0) return this.require[index];
    }
    return "";
  }

  /** The name of a header that is denied; empty if there is none. */
  denied(found: FoundHeaders): string {
    for (let index = 0; index < this.deny.length; index++) {
      const name = this.deny[index].matching(found);
      if (name.length > 0) return name;
    }
    return "";
  }

  /** The name of a header with a value that is not among the allowed; empty if there is none. */
  unmatched(found: FoundHeaders): string {
    for (let index = 0; index < this.allow.length; index++) {
      const name = this.allow[index].violating(found);
      if (name.length > 0) return name;
    }
    return "";
  }

  /** Removes, renames, sets and adds, in this order. */
  change(headers: Headers, found: FoundHeaders): void {
    for (let index = 0; index < this.removed.length; index++) removeMatching(headers, found, unchecked(this.removed[index]));
    for (let index = 0; index < this.renamed.length; index++) {
      const pair = unchecked(this.renamed[index]);
      const values = found.values(pair.name);
      if (values.length == 0) continue;
      headers.remove(pair.name);
      found.remove(pair.name);
      for (let value = 0; value < values.length; value++) {
        headers.add(pair.value, values[value]);
        found.add(pair.value, values[value]);
      }
    }
    for (let index = 0; index < this.setTo.length; index++) {
      const pair = unchecked(this.setTo[index]);
      headers.set(pair.name, pair.value);
      found.remove(pair.name);
      found.add(pair.name, pair.value);
    }
    for (let index = 0; index < this.added.length; index++) {
      const pair = unchecked(this.added[index]);
      headers.add(pair.name, pair.value);
      found.add(pair.name, pair.value);
    }
  }
}

function removeMatching(headers: Headers, found: FoundHeaders, pattern: NamePattern): void {
  if (!pattern.isGlob) {
    if (!found.has(pattern.name)) return;
    headers.remove(pattern.name);
    found.remove(pattern.name);
    return;
  }
  const list = found.list;
  for (let index = 0; index < list.length; index++) {
    const name = unchecked(list[index]).name;
    // What frames the message is not removed by a glob that happens to match it.
    if (!pattern.match(name) || !found.has(name) || lowerName(name, false, false).length == 0) continue;
    headers.remove(name);
    found.remove(name);
  }
}

/** An object of names and texts; for `rename` the texts are names too. */
function readPairs(settings: Settings, field: string, areNames: bool): Header[] {
  const pairs: Header[] = [];
  const object = settings.object(field);
  if (object === null) return pairs;
  const keys = object.keys();
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    const name = lowerName(key, false, false);
    const text = object.required(key);
    if (name.length == 0) {
      object.refuse(key, "wanted the name of a header that does not frame the message");
      continue;
    }
    const value = areNames ? lowerName(text, false, false) : text;
    if (areNames && value.length == 0) object.refuse(key, "wanted the name of a header that does not frame the message");
    if (!areNames && !isFieldValue(value)) object.refuse(key, "wanted a text without control characters");
    pairs.push(new Header(name, value));
  }
  return pairs;
}

export function isFieldValue(value: string): bool {
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    if ((unit < 0x20 && unit != 0x09) || unit == 0x7f) return false;
  }
  return true;
}

function isStatusPattern(pattern: string): bool {
  if (pattern.length != 3) return false;
  const first = pattern.charCodeAt(0);
  if (first < 0x31 || first > 0x35) return false;
  for (let index = 1; index < 3; index++) {
    const unit = pattern.charCodeAt(index);
    if (unit != 0x78 && (unit < 0x30 || unit > 0x39)) return false;
  }
  return true;
}

function isStatus(pattern: string, status: u32): bool {
  let rest = status;
  for (let index = 2; index >= 0; index--) {
    const unit = pattern.charCodeAt(index);
    if (unit != 0x78 && <u32>(unit - 0x30) != rest % 10) return false;
    rest /= 10;
  }
  return rest == 0;
}
