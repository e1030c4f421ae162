import { Configuration, Counter, HeadersResult, HttpContext, Reply, RootContext, nowNs } from "@heddle/wasm-sdk/assembly";
import { encodeBase64Url } from "@heddle/wasm-sdk/assembly/base64";
import { Jwt } from "@heddle/wasm-sdk/assembly/jwt";
import { isPlainPath, pathWithoutQuery } from "@heddle/wasm-sdk/assembly/path-patterns";
import { Provider, Verification, WaitingRequest } from "./provider";
import { JwtSettings } from "./settings";

/** The plugin: who issues tokens, where they are looked for, and which claims the upstream gets. */
export class JwtAuthFilter extends RootContext {
  settings: JwtSettings | null = null;
  results: Results = new Results();

  onConfigure(configuration: Configuration): bool {
    this.settings = JwtSettings.read(configuration, this);
    return this.settings !== null;
  }

  createHttpContext(): HttpContext | null {
    const settings = this.settings;
    return settings === null ? null : new Request(settings, this.results);
  }
}

/** Counters, one for each way a request may go. */
class Results {
  allowed: Counter = new Counter("jwt_auth.allowed");
  exempt: Counter = new Counter("jwt_auth.exempt");
  missing: Counter = new Counter("jwt_auth.missing");
  invalid: Counter = new Counter("jwt_auth.invalid");
  unavailable: Counter = new Counter("jwt_auth.unavailable");
}

class Request extends WaitingRequest {
  private token: Jwt | null = null;
  private provider: Provider | null = null;

  constructor(private settings: JwtSettings, private results: Results) {
    super();
  }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const settings = this.settings;
    const headers = this.requestHeaders;
    const whole = headers.path;
    let presented: ArrayBuffer | null = null;
    for (let index = 0; index < settings.sources.length && presented === null; index++) {
      presented = settings.sources[index].find(headers);
    }
    if (!settings.exempt.isEmpty) {
      const path = whole === null ? "" : pathWithoutQuery(whole);
      if (settings.exempt.match(path) && isPlainPath(path)) {
        this.results.exempt.increment();
        return this.pass(null);
      }
    }
    if (presented === null) {
      this.results.missing.increment();
      return settings.isOptional ? this.pass(null) : this.refuse("a token is wanted", "", "jwt_auth_missing");
    }
    const token = Jwt.parse(presented);
    if (token.error.length > 0) return this.refuseToken(token.error);
    const provider = settings.providerOf(token.claims);
    if (provider === null) return this.refuseToken("the token's issuer is not accepted");
    const problem = provider.rules.check(token.claims, <f64>nowNs() / 1e9);
    if (problem.length > 0) return this.refuseToken(problem);
    this.token = token;
    this.provider = provider;
    const remote = provider.remote;
    if (remote !== null) remote.refresh(this);
    return this.decide(token, provider, true);
  }

  keysSettled(): void {
    const token = this.token;
    const provider = this.provider;
    if (token === null || provider === null) return;
    if (changetype<usize>(this.decide(token, provider, false)) == changetype<usize>(HeadersResult.Continue)) this.resumeRequest();
  }

  private decide(token: Jwt, provider: Provider, mayWait: bool): HeadersResult {
    switch (provider.verify(token)) {
      case Verification.Right:
        this.results.allowed.increment();
        return this.pass(token);
      case Verification.Wrong:
        return this.refuseToken("the token's signature is wrong");
    }
    const remote = provider.remote;
    if (remote !== null && mayWait && remote.wait(this)) return HeadersResult.Pause;
    if (provider.keys.keys.length > 0) return this.refuseToken("the token's key is not known");
    this.results.unavailable.increment();
    this.send(new Reply(503, problemBody(503, "the keys of the token's issuer cannot be had"), "jwt_auth_unavailable").header("content-type", PROBLEM));
    return HeadersResult.Pause;
  }

  /** Lets the request go on, with what the token says and without what its sender says in the same headers. */
  private pass(token: Jwt | null): HeadersResult {
    const settings = this.settings;
    const headers = this.requestHeaders;
    const forged: string[] = [];
    for (let index = 0; index < settings.claimHeaders.length; index++) {
      if (headers.has(settings.claimHeaders[index].header)) forged.push(settings.claimHeaders[index].header);
    }
    if (settings.payloadHeader.length > 0 && headers.has(settings.payloadHeader)) forged.push(settings.payloadHeader);
    for (let index = 0; index < forged.length; index++) headers.remove(forged[index]);
    if (!settings.forwards) {
      for (let index = 0; index < settings.sources.length; index++) settings.sources[index].strip(headers);
    }
    if (token === null) return HeadersResult.Continue;
    for (let index = 0; index < settings.claimHeaders.length; index++) settings.claimHeaders[index].write(headers, token.claims);
    if (settings.payloadHeader.length > 0) headers.set(settings.payloadHeader, encodeBase64Url(token.claims.raw));
    return HeadersResult.Continue;
  }

  private refuseToken(title: string): HeadersResult {
    this.results.invalid.increment();
    return this.refuse(title, "invalid_token", "jwt_auth_invalid");
  }

  /** The challenge is that of RFC 6750, section 3. */
  private refuse(title: string, error: string, details: string): HeadersResult {
    const words = title.replaceAll('"', "'");
    let challenge = 'Bearer realm="' + this.settings.realm + '"';
    if (error.length > 0) challenge += ', error="' + error + '", error_description="' + words + '"';
    this.send(
      new Reply(401, problemBody(401, words), details).header("content-type", PROBLEM).header("www-authenticate", challenge),
    );
    return HeadersResult.Pause;
  }
}

const PROBLEM: string = "application/problem+json";

/** RFC 9457. The title has no quotes. */
function problemBody(status: u32, title: string): string {
  return '{"type":"about:blank","title":"' + title + '","status":' + status.toString() + "}\n";
}
