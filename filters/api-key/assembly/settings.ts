import { Configuration } from "@heddle/wasm-sdk/assembly";
import { readHeaderName } from "@heddle/wasm-sdk/assembly/header-names";
import { PathPatterns } from "@heddle/wasm-sdk/assembly/path-patterns";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { ApiKey } from "./key";
import { HeaderSource, Source } from "@heddle/wasm-sdk/assembly/credential-source";

/** The configuration: README.md has the table. */
export class ApiKeySettings {
  keys: ApiKey[] = [];
  sources: Source[] = [];
  exempt: PathPatterns = new PathPatterns();
  clientHeader: string = "";
  strip: bool = true;
  isJson: bool = true;
  challenge: string = "";
  /** Whether any setting asks for the path. */
  readsPath: bool = false;

  /** Null if it cannot be used; why is in the log. */
  static read(configuration: Configuration): ApiKeySettings | null {
    const settings = Settings.of(configuration);
    const read = new ApiKeySettings();
    const keys = settings.objects("keys");
    if (keys.length == 0) settings.refuse("keys", "wanted at least one key");
    for (let index = 0; index < keys.length; index++) {
      const key = ApiKey.read(keys[index]);
      if (!key.paths.isEmpty) read.readsPath = true;
      for (let other = 0; other < index; other++) {
        // Two keys would tell the same client apart by chance.
        if (memory.compare(changetype<usize>(key.hash), changetype<usize>(read.keys[other].hash), min(key.hash.byteLength, read.keys[other].hash.byteLength)) == 0 && key.hash.byteLength == 32) {
          keys[index].refuse("", 'is the same key as that of "' + read.keys[other].name + '"');
        }
      }
      read.keys.push(key);
    }
    const sources = settings.objects("sources");
    for (let index = 0; index < sources.length; index++) read.sources.push(Source.read(sources[index]));
    if (sources.length == 0) read.sources.push(new HeaderSource("x-api-key", new ArrayBuffer(0)));
    read.exempt = PathPatterns.read(settings, "exempt");
    if (!read.exempt.isEmpty) read.readsPath = true;
    read.clientHeader = readHeaderName(settings, "clientHeader");
    read.strip = settings.flag("strip", true);
    read.isJson = settings.choice("body", ["json", "text"], "json") == "json";
    const realm = settings.text("realm", "api");
    if (realm.includes('"') || realm.includes("\\")) settings.refuse("realm", "wanted a text without quotes and backslashes");
    read.challenge = 'ApiKey realm="' + realm + '"';
    return settings.accept() ? read : null;
  }
}
