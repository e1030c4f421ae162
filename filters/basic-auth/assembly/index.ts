import { Configuration, HeadersResult, HttpContext, Reply, RootContext } from "@heddle/wasm-sdk/assembly";
import { Counter } from "@heddle/wasm-sdk/assembly/metrics";
import { isPlainPath, pathWithoutQuery } from "@heddle/wasm-sdk/assembly/path-patterns";
import { Credentials } from "./credentials";
import { BasicAuthSettings } from "./settings";
import { User } from "./user";

const allowed = new Counter("basic_auth.allowed");
const exempt = new Counter("basic_auth.exempt");
const missing = new Counter("basic_auth.missing");
const malformed = new Counter("basic_auth.malformed");
const wrong = new Counter("basic_auth.wrong");
const forbidden = new Counter("basic_auth.forbidden");

/** The plugin: who may pass, and where. */
export class BasicAuthFilter extends RootContext {
  private settings: BasicAuthSettings | null = null;

  onConfigure(configuration: Configuration): bool {
    const settings = BasicAuthSettings.read(configuration);
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
  constructor(private settings: BasicAuthSettings) {
    super();
  }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const settings = this.settings;
    const headers = this.requestHeaders;
    const authorization = headers.getBytes("authorization");
    let path = "";
    let isPlain = true;
    if (settings.readsPath) {
      const whole = headers.path;
      path = whole === null ? "" : pathWithoutQuery(whole);
      isPlain = isPlainPath(path);
      if (isPlain && settings.exempt.match(path)) {
        if (settings.userHeader.length > 0) headers.remove(settings.userHeader);
        exempt.increment();
        return HeadersResult.Continue;
      }
    }

    if (authorization === null) {
      missing.increment();
      return this.challenge("a name and a password are wanted", "basic_auth_missing");
    }
    const credentials = Credentials.parse(authorization);
    if (credentials === null) {
      malformed.increment();
      return this.challenge("the credentials cannot be read", "basic_auth_malformed");
    }
    const user = User.find(settings.users, credentials);
    if (user === null) {
      wrong.increment();
      return this.challenge("the name or the password is wrong", "basic_auth_wrong");
    }
    for (let index = 0; index < settings.rules.length; index++) {
      const rule = settings.rules[index];
      // A path that servers read in more ways than one is under every rule.
      if (isPlain && !rule.paths.match(path)) continue;
      if (!rule.users.includes(user.name)) {
        forbidden.increment();
        return this.refuse(new Reply(403, this.body(403, "this is not for you"), "basic_auth_forbidden"));
      }
      if (isPlain) break;
    }
    if (settings.strip) headers.remove("authorization");
    if (settings.userHeader.length > 0) headers.set(settings.userHeader, user.name);
    allowed.increment();
    return HeadersResult.Continue;
  }

  private challenge(title: string, details: string): HeadersResult {
    return this.refuse(new Reply(401, this.body(401, title), details).header("www-authenticate", this.settings.challenge));
  }

  private refuse(reply: Reply): HeadersResult {
    this.send(reply.header("content-type", this.settings.isJson ? "application/problem+json" : "text/plain"));
    return HeadersResult.Pause;
  }

  private body(status: u32, title: string): string {
    if (!this.settings.isJson) return title + "\n";
    return '{"type":"about:blank","title":"' + title + '","status":' + status.toString() + "}\n";
  }
}
