import { Configuration, RootContext, bytesOf } from "@heddle/wasm-sdk/assembly";
import { HeaderSource, Source } from "@heddle/wasm-sdk/assembly/credential-source";
import { readHeaderName } from "@heddle/wasm-sdk/assembly/header-names";
import { Json } from "@heddle/wasm-sdk/assembly/json";
import { Jwks } from "@heddle/wasm-sdk/assembly/jwt";
import { PathPatterns } from "@heddle/wasm-sdk/assembly/path-patterns";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { Url } from "@heddle/wasm-sdk/assembly/url";
import { ClaimHeader } from "./claim-headers";
import { Provider, RemoteKeys } from "./provider";

/** The configuration: README.md has the table. */
export class JwtSettings {
  providers: Provider[] = [];
  sources: Source[] = [];
  exempt: PathPatterns = new PathPatterns();
  isOptional: bool = false;
  forwards: bool = false;
  claimHeaders: ClaimHeader[] = [];
  payloadHeader: string = "";
  realm: string = "";

  /** Null if it cannot be used; why is in the log. */
  static read(configuration: Configuration, plugin: RootContext): JwtSettings | null {
    const settings = Settings.of(configuration);
    const read = new JwtSettings();
    const skew = settings.integer("clockSkewSeconds", 60, 0, 3600);
    const requireExpiry = settings.flag("requireExpiry", true);
    const providers = settings.objects("providers");
    if (providers.length == 0) settings.refuse("providers", "wanted at least one provider");
    for (let index = 0; index < providers.length; index++) {
      const provider = readProvider(providers[index], plugin);
      provider.rules.clockSkewSeconds = <f64>skew;
      provider.rules.requireExpiry = requireExpiry;
      if (read.named(provider.issuer) !== null) providers[index].refuse("issuer", "is that of a provider before");
      read.providers.push(provider);
    }
    const sources = settings.objects("sources");
    for (let index = 0; index < sources.length; index++) read.sources.push(Source.read(sources[index]));
    if (sources.length == 0) read.sources.push(new HeaderSource("authorization", bytesOf("Bearer ")));
    read.exempt = PathPatterns.read(settings, "exempt");
    read.isOptional = settings.flag("optional", false);
    read.forwards = settings.flag("forward", false);
    const claims = settings.objects("claimHeaders");
    for (let index = 0; index < claims.length; index++) {
      const claim = claims[index].required("claim");
      const header = claims[index].required("header").length > 0 ? readHeaderName(claims[index], "header") : "";
      claims[index].refuseOthers();
      read.claimHeaders.push(new ClaimHeader(claim, header));
    }
    read.payloadHeader = readHeaderName(settings, "payloadHeader");
    read.realm = settings.text("realm", "api");
    if (!isQuotable(read.realm)) settings.refuse("realm", "wanted a text without quotes");
    return settings.accept() ? read : null;
  }

  /** The provider that a token says it is from. */
  providerOf(claims: Json): Provider | null {
    const issuer = claims.get("iss").text;
    return issuer === null ? null : this.named(issuer);
  }

  private named(issuer: string): Provider | null {
    for (let index = 0; index < this.providers.length; index++) {
      if (this.providers[index].issuer == issuer) return this.providers[index];
    }
    return null;
  }
}

function readProvider(settings: Settings, plugin: RootContext): Provider {
  const provider = new Provider(settings.required("issuer"));
  provider.rules.audiences = settings.texts("audiences");
  const keys = settings.text("keys");
  const jwks = settings.object("jwks");
  if (settings.has("keys") == settings.has("jwks")) settings.refuse("", 'wanted either "jwks" or "keys"');
  else if (jwks !== null) provider.remote = readRemote(jwks, provider, plugin);
  else if (keys.length > 0) {
    provider.keys = Jwks.parse(keys);
    if (provider.keys.error.length > 0) settings.refuse("keys", provider.keys.error);
  }
  settings.refuseOthers();
  return provider;
}

function readRemote(settings: Settings, provider: Provider, plugin: RootContext): RemoteKeys {
  const cluster = settings.required("cluster");
  const text = settings.required("url");
  const url = Url.parse(text);
  let authority = "";
  let path = "";
  let scheme = "";
  if (url === null || (url.scheme != "http" && url.scheme != "https")) {
    if (text.length > 0) settings.refuse("url", "wanted a URL of http or https");
  } else {
    authority = url.authority;
    path = url.requestPath;
    scheme = url.scheme;
  }
  const remote = new RemoteKeys(provider, plugin, cluster, authority, path, scheme);
  remote.timeoutMs = <u32>settings.integer("timeoutMs", 2000, 100, 60000);
  remote.refreshSeconds = settings.integer("refreshSeconds", 300, 10, 86400);
  remote.minRefetchSeconds = settings.integer("minRefetchSeconds", 10, 1, 3600);
  settings.refuseOthers();
  return remote;
}

function isQuotable(text: string): bool {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || unit == 0x22 || unit == 0x5c) return false;
  }
  return true;
}
