import { Header, Headers } from "@heddle/wasm-sdk/assembly";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { FoundHeaders } from "./found-headers";
import { isFieldValue } from "./rule";

/** Headers that browsers obey, set on responses whose server has not set them itself. */
export class Presets {
  private headers: Header[] = [];
  private hidesServer: bool = false;

  static read(settings: Settings | null): Presets {
    const presets = new Presets();
    if (settings === null) return presets;
    const hsts = settings.object("hsts");
    if (hsts !== null) {
      const maxAge = hsts.integer("maxAge", 31536000, 0, 63072000 * 2);
      const isWide = hsts.flag("includeSubDomains", true);
      const isPreloaded = hsts.flag("preload", false);
      // https://hstspreload.org: the list takes those only that say both.
      if (isPreloaded && (!isWide || maxAge < 31536000)) {
        hsts.refuse("preload", "goes with includeSubDomains and a maxAge of 31536000 or more");
      }
      hsts.refuseOthers();
      let value = "max-age=" + maxAge.toString();
      if (isWide) value += "; includeSubDomains";
      if (isPreloaded) value += "; preload";
      presets.add("strict-transport-security", value);
    }
    if (settings.has("csp")) {
      const csp = settings.text("csp");
      if (csp == "api") {
        presets.add("content-security-policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
      } else if (csp == "self") {
        presets.add(
          "content-security-policy",
          "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'",
        );
      } else if (csp.includes("-src") && isFieldValue(csp)) {
        presets.add("content-security-policy", csp);
      } else {
        settings.refuse("csp", "wanted api, self, or a policy with directives such as default-src");
      }
    }
    if (settings.flag("browser", false)) {
      presets.add("x-content-type-options", "nosniff");
      presets.add("x-frame-options", "SAMEORIGIN");
      presets.add("referrer-policy", "strict-origin-when-cross-origin");
      presets.add("cross-origin-opener-policy", "same-origin");
    }
    presets.hidesServer = settings.flag("hideServer", false);
    settings.refuseOthers();
    return presets;
  }

  apply(headers: Headers, found: FoundHeaders): void {
    for (let index = 0; index < this.headers.length; index++) {
      const header = unchecked(this.headers[index]);
      if (!found.has(header.name)) headers.add(header.name, header.value);
    }
    if (this.hidesServer) {
      if (found.has("x-powered-by")) headers.remove("x-powered-by");
      if (found.has("server")) headers.remove("server");
    }
  }

  private add(name: string, value: string): void {
    this.headers.push(new Header(name, value));
  }
}
