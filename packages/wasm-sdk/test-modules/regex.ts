// What the tests of regular expressions call; the pattern is kept between calls.
import { toText } from "../assembly/bytes";
import { Regex } from "../assembly/regex";

export { allocate } from "./plain";

let regex = Regex.compile("");

export function compile(pattern: ArrayBuffer): ArrayBuffer {
  regex = Regex.compile(toText(pattern));
  return String.UTF8.encode(regex.error);
}
export function isMatch(text: ArrayBuffer): bool { return regex.isMatch(text); }
export function isFullMatch(text: ArrayBuffer): bool { return regex.isFullMatch(toText(text)); }

/** Groups, a line each; `-` for one that took no part. */
export function find(text: ArrayBuffer): ArrayBuffer {
  const match = regex.find(text);
  if (match === null) return String.UTF8.encode("none");
  let list = match.start(0).toString();
  for (let group = 0; group <= match.groups; group++) {
    const found = match.text(group);
    list += "\n" + (found === null ? "-" : "=" + found);
  }
  return String.UTF8.encode(list);
}
