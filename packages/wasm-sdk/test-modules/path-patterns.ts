// What the tests of paths and settings call.
import { isPlainPath, PathPatterns, pathWithoutQuery } from "../assembly/path-patterns";
import { Settings } from "../assembly/settings";
import { toBytes, toText } from "../assembly/bytes";

export { allocate } from "./plain";

export function plain(path: ArrayBuffer): bool {
  return isPlainPath(toText(path));
}

export function withoutQuery(path: ArrayBuffer): ArrayBuffer {
  return toBytes(pathWithoutQuery(toText(path)));
}

/** Whether one of the patterns, a line each, takes the path. */
export function matches(patterns: ArrayBuffer, path: ArrayBuffer): bool {
  const list = new PathPatterns();
  const lines = toText(patterns).split("\n");
  for (let index = 0; index < lines.length; index++) list.add(lines[index]);
  return list.match(toText(path));
}

/** Reads settings of every kind; what was read and what is wrong, a line each. */
export function settings(text: ArrayBuffer): ArrayBuffer {
  const read = Settings.parse(text);
  const lines: string[] = [];
  lines.push("text " + read.text("text", "none"));
  lines.push("flag " + read.flag("flag", true).toString());
  lines.push("integer " + read.integer("integer", 7, -1, 10).toString());
  lines.push("choice " + read.choice("choice", ["a", "b"], "a"));
  lines.push("texts " + read.texts("texts").join(","));
  const objects = read.objects("objects");
  for (let index = 0; index < objects.length; index++) {
    lines.push("object " + objects[index].required("name"));
    objects[index].refuseOthers();
  }
  const object = read.object("object");
  if (object !== null) lines.push("keys " + object.keys().join(","));
  read.refuseOthers();
  for (let index = 0; index < read.errors.length; index++) lines.push("! " + read.errors[index]);
  return toBytes(lines.join("\n"));
}
