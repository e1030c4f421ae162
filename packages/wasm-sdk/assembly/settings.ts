import { Configuration } from "./configuration";
import { Json } from "./json";
import { log } from "./log";

/**
 * A JSON object that configures a filter, read field by field. What is wrong is collected, all of it, with the path of the field, and each
 * field that is wrong reads as its default; {@link accept} at the end says whether the configuration can be used.
 *
 *     const settings = Settings.of(configuration);
 *     this.realm = settings.text("realm", "api");
 *     for (let i = 0, list = settings.objects("keys"); i < list.length; i++) addKey(list[i]);
 *     return settings.accept();
 */
export class Settings {
  private names: string[] = [];

  private constructor(private json: Json, private path: string, private problems: string[]) {}

  /** The plugin's configuration. Without one it is an empty object. */
  static of(configuration: Configuration): Settings {
    return Settings.parse(configuration.isEmpty ? String.UTF8.encode("{}") : configuration.bytes);
  }

  /** A JSON text in UTF-8. */
  static parse(bytes: ArrayBuffer): Settings {
    const json = Json.parse(bytes);
    const settings = new Settings(json, "", []);
    if (!json.isValid) settings.problems.push("it is not JSON: " + json.error);
    else if (!json.isObject) settings.problems.push("wanted a JSON object");
    return settings;
  }

  /** Whether the field is there and not null. */
  has(name: string): bool {
    const value = this.field(name);
    return value.exists && !value.isNull;
  }

  /** A text; not an empty one, unless that is the default. */
  text(name: string, fallback: string = ""): string {
    const value = this.field(name);
    if (!value.exists || value.isNull) return fallback;
    const text = value.text;
    if (text === null || text.length == 0) {
      this.refuse(name, "wanted a text");
      return fallback;
    }
    return text;
  }

  /** A text that has to be there. */
  required(name: string): string {
    if (!this.has(name)) {
      this.refuse(name, "is missing");
      return "";
    }
    return this.text(name);
  }

  flag(name: string, fallback: bool): bool {
    const value = this.field(name);
    if (!value.exists || value.isNull) return fallback;
    if (!value.isBoolean) this.refuse(name, "wanted true or false");
    return value.boolOr(fallback);
  }

  /** A whole number within limits. */
  integer(name: string, fallback: i64, least: i64, most: i64): i64 {
    const value = this.field(name);
    if (!value.exists || value.isNull) return fallback;
    const number = value.i64Or(i64.MIN_VALUE);
    if (number >= least && number <= most) return number;
    this.refuse(name, "wanted a whole number from " + least.toString() + " to " + most.toString());
    return fallback;
  }

  /** One of some words. */
  choice(name: string, choices: string[], fallback: string): string {
    const value = this.field(name);
    if (!value.exists || value.isNull) return fallback;
    const text = value.textOr("");
    if (choices.includes(text)) return text;
    this.refuse(name, "wanted " + choices.join(" or "));
    return fallback;
  }

  /** A list of texts; empty if it is not there. */
  texts(name: string): string[] {
    const found: string[] = [];
    const value = this.listed(name);
    let index = 0;
    for (let item = value.first(); item.exists; item = item.next()) {
      const text = item.text;
      if (text === null || text.length == 0) this.refuse(name + "[" + index.toString() + "]", "wanted a text");
      else found.push(text);
      index++;
    }
    return found;
  }

  /** A list of objects; empty if it is not there. */
  objects(name: string): Settings[] {
    const found: Settings[] = [];
    const value = this.listed(name);
    let index = 0;
    for (let item = value.first(); item.exists; item = item.next()) {
      const at = name + "[" + index.toString() + "]";
      if (item.isObject) found.push(new Settings(item, this.pathOf(at), this.problems));
      else this.refuse(at, "wanted an object");
      index++;
    }
    return found;
  }

  /** An object, or null if it is not there. */
  object(name: string): Settings | null {
    const value = this.field(name);
    if (!value.exists || value.isNull) return null;
    if (value.isObject) return new Settings(value, this.pathOf(name), this.problems);
    this.refuse(name, "wanted an object");
    return null;
  }

  /** Names of the object's members, in their order: for objects whose names are the user's. They count as read. */
  keys(): string[] {
    const found: string[] = [];
    for (let item = this.json.isObject ? this.json.first() : this.json.get(""); item.exists; item = item.next()) {
      found.push(item.key);
      this.names.push(item.key);
    }
    return found;
  }

  /** Says what is wrong with a field; an empty name is this object itself. */
  refuse(name: string, message: string): void {
    const path = this.pathOf(name);
    this.problems.push(path.length == 0 ? message : path + ": " + message);
  }

  /** Says so of each member that nobody has asked for: a wrong name is a setting that would not work. To be called when all were read. */
  refuseOthers(): void {
    if (!this.json.isObject) return;
    for (let item = this.json.first(); item.exists; item = item.next()) {
      if (!this.names.includes(item.key)) this.refuse(item.key, "there is no such setting");
    }
  }

  /** Everything that is wrong so far, in this object and those inside. */
  get errors(): string[] {
    return this.problems;
  }

  /** Logs what is wrong, a line each, and tells whether nothing is. */
  accept(): bool {
    this.refuseOthers();
    for (let index = 0; index < this.problems.length; index++) {
      log.error("the configuration cannot be used: " + this.problems[index]);
    }
    return this.problems.length == 0;
  }

  private field(name: string): Json {
    this.names.push(name);
    return this.json.get(name);
  }

  private listed(name: string): Json {
    const value = this.field(name);
    if (value.exists && !value.isNull && !value.isArray) {
      this.refuse(name, "wanted a list");
      return value.get("");
    }
    return value;
  }

  private pathOf(name: string): string {
    return this.path.length == 0 ? name : name.length == 0 ? this.path : this.path + "." + name;
  }
}
