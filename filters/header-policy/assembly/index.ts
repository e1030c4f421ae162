import { Configuration, HeadersResult, HttpContext, Reply, RootContext } from "@heddle/wasm-sdk/assembly";
import { Counter } from "@heddle/wasm-sdk/assembly/metrics";
import { isPlainPath, pathWithoutQuery } from "@heddle/wasm-sdk/assembly/path-patterns";
import { FoundHeaders } from "./found-headers";
import { Rule } from "./rule";
import { HeaderPolicySettings } from "./settings";

const tooLarge = new Counter("header_policy.too_large");
const missing = new Counter("header_policy.missing");
const denied = new Counter("header_policy.denied");
const unmatched = new Counter("header_policy.unmatched");

/** The plugin: rules for requests and responses. */
export class HeaderPolicyFilter extends RootContext {
  private settings: HeaderPolicySettings | null = null;

  onConfigure(configuration: Configuration): bool {
    const settings = HeaderPolicySettings.read(configuration);
    if (settings === null) return false;
    this.settings = settings;
    return true;
  }

  createHttpContext(): HttpContext | null {
    const settings = this.settings;
    return settings === null ? null : new Exchange(settings);
  }
}

class Exchange extends HttpContext {
  // Rules for the response ask for these too, and the request's headers are gone by then.
  private path: string = "";
  private isPlain: bool = true;
  private method: string = "";
  /** Whether the response is this filter's refusal: no rule may refuse it again. */
  private isRefused: bool = false;

  constructor(private settings: HeaderPolicySettings) {
    super();
  }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const settings = this.settings;
    const headers = this.requestHeaders;
    const found = new FoundHeaders(headers);
    const path = found.first(":path");
    this.path = pathWithoutQuery(path);
    this.isPlain = isPlainPath(this.path);
    this.method = found.first(":method");

    const limit = settings.limits.exceededBy(found, path);
    if (limit.length > 0) {
      tooLarge.increment();
      return this.refuse(limit == "path" ? 414 : 431, "the request's " + limit + " exceed a limit", "header_policy_too_large");
    }
    return this.apply(settings.request, found, 0);
  }

  onResponseHeaders(endOfStream: bool): HeadersResult {
    const headers = this.responseHeaders;
    const found = new FoundHeaders(headers);
    if (this.settings.response.length > 0) {
      const result = this.apply(this.settings.response, found, headers.status);
      if (result != HeadersResult.Continue) return result;
    }
    this.settings.presets.apply(headers, found);
    return HeadersResult.Continue;
  }

  /** @param status of the response; 0 for a request */
  private apply(rules: Rule[], found: FoundHeaders, status: u32): HeadersResult {
    for (let index = 0; index < rules.length; index++) {
      const rule = unchecked(rules[index]);
      if (!rule.isFor(this.method, this.path, this.isPlain, status)) continue;
      if (!this.isRefused) {
        let problem = rule.missing(found);
        if (problem.length > 0) {
          missing.increment();
          return this.refuse(rule.status, rule.message.length > 0 ? rule.message : "wanted a header " + problem, "header_policy_missing");
        }
        problem = rule.denied(found);
        if (problem.length > 0) {
          denied.increment();
          return this.refuse(rule.status, rule.message.length > 0 ? rule.message : "the header " + problem + " is denied", "header_policy_denied");
        }
        problem = rule.unmatched(found);
        if (problem.length > 0) {
          unmatched.increment();
          return this.refuse(rule.status, rule.message.length > 0 ? rule.message : "the header " + problem + " has a value that is not allowed", "header_policy_unmatched");
        }
      }
      rule.change(status == 0 ? this.requestHeaders : this.responseHeaders, found);
    }
    return HeadersResult.Continue;
  }

  private refuse(status: u32, title: string, details: string): HeadersResult {
    this.isRefused = true;
    this.send(new Reply(status, title + "\n", details).header("content-type", "text/plain"));
    return HeadersResult.Pause;
  }
}
