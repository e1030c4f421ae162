import { properties } from "./properties";

/** Which of several plugins in a module this is. */
export function rootId(): string {
  const id = properties.text("plugin_root_id");
  return id === null ? "" : id;
}
