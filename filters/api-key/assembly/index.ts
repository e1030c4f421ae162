import { Configuration, HeadersResult, HttpContext, Reply, RootContext } from "@heddle/wasm-sdk/assembly";
import { Counter } from "@heddle/wasm-sdk/assembly/metrics";
import { isPlainPath, pathWithoutQuery } from "@heddle/wasm-sdk/assembly/path-patterns";
import { ApiKeySettings } from "./settings";
import { ApiKey } from "./key";

const allowed = new Counter("api_key.allowed");
const exempt = new Counter("api_key.exempt");
const missing = new Counter("api_key.missing");
const unknown = new Counter("api_key.unknown");
const forbidden = new Counter("api_key.forbidden");

/** The plugin: keys, where they are looked for, and which paths need none. */
export class ApiKeyFilter extends RootContext {
  private settings: ApiKeySettings | null = null;

  onConfigure(configuration: Configuration): bool {
    const settings = ApiKeySettings.read(configuration);
    if (settings === null) return false;
    this.settings = settings;
    return true;
  }

  createHttpContext(): HttpContext | null {
    const settings = this.settings;
    return settings === null ? null : new Request(settings);
  }
}

class Request extends HttpContext {
  constructor(private settings: ApiKeySettings) {
    super();
  }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const settings = this.settings;
    const headers = this.requestHeaders;
    const clientHeader = settings.clientHeader;
    // Only this filter says who the client is.
    const isForged = clientHeader.length > 0 && headers.has(clientHeader);

    let presented: ArrayBuffer | null = null;
    let source = -1;
    while (presented === null && ++source < settings.sources.length) presented = settings.sources[source].find(headers);

    let path = "";
    if (settings.readsPath) {
      const whole = headers.path;
      path = whole === null ? "" : pathWithoutQuery(whole);
      if (settings.exempt.match(path) && isPlainPath(path)) {
        this.strip(source);
        if (isForged) headers.remove(clientHeader);
        exempt.increment();
        return HeadersResult.Continue;
      }
    }

    if (presented === null) {
      missing.increment();
      return this.refuse(401, "an API key is wanted", "api_key_missing");
    }
    const key = ApiKey.find(settings.keys, presented);
    if (key === null) {
      unknown.increment();
      return this.refuse(401, "the API key is not known", "api_key_unknown");
    }
    if (!key.paths.isEmpty && !(key.paths.match(path) && isPlainPath(path))) {
      forbidden.increment();
      return this.refuse(403, "the API key is not for this path", "api_key_forbidden");
    }
    this.strip(source);
    if (clientHeader.length > 0) headers.set(clientHeader, key.name);
    allowed.increment();
    return HeadersResult.Continue;
  }

  /** @param found which source has something */
  private strip(found: i32): void {
    if (!this.settings.strip) return;
    const sources = this.settings.sources;
    for (let index = 0; index < sources.length; index++) {
      if (index == found) sources[index].stripFound(this.requestHeaders);
      else sources[index].strip(this.requestHeaders);
    }
  }

  private refuse(status: u32, title: string, details: string): HeadersResult {
    const settings = this.settings;
    let body = title + "\n";
    let type = "text/plain";
    if (settings.isJson) {
      body = '{"type":"about:blank","title":"' + title + '","status":' + status.toString() + "}\n";
      type = "application/problem+json";
    }
    const reply = new Reply(status, body, details).header("content-type", type);
    if (status == 401) reply.header("www-authenticate", settings.challenge);
    this.send(reply);
    return HeadersResult.Pause;
  }
}
