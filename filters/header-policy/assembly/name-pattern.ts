import { Glob } from "@heddle/wasm-sdk/assembly/glob";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";

/** The name of a header, or a glob over names. */
export class NamePattern {
  private glob: Glob | null = null;

  constructor(readonly name: string) {
    if (name.includes("*") || name.includes("?")) this.glob = new Glob(name);
  }

  /** Null and an error if it is no name. Pseudo-headers may be looked at, never changed. */
  static read(settings: Settings, field: string, text: string, mayBePseudo: bool): NamePattern | null {
    const name = lowerName(text, true, mayBePseudo);
    if (name.length > 0) return new NamePattern(name);
    settings.refuse(field, 'found "' + text + '", wanted the name of a header');
    return null;
  }

  get isGlob(): bool {
    return this.glob !== null;
  }

  /** @param name in lower case. A glob is not for pseudo-headers. */
  match(name: string): bool {
    const glob = this.glob;
    if (glob === null) return name == this.name;
    return !name.startsWith(":") && glob.matches(name);
  }
}

/** A name in lower case; empty if it is none, or if it frames the message, which is the proxy's business. */
export function lowerName(text: string, mayBeGlob: bool, mayBePseudo: bool): string {
  let name = "";
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const isLetter = (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;
    const isDigit = unit >= 0x30 && unit <= 0x39;
    const isMark = unit == 0x2a || unit == 0x3f;
    const isColon = unit == 0x3a && index == 0 && mayBePseudo && text.length > 1;
    // The rest of RFC 9110, section 5.6.2, as far as anybody uses it in names.
    const isOther = unit == 0x2d || unit == 0x5f || unit == 0x2e || unit == 0x21 || unit == 0x23 || unit == 0x24 || unit == 0x7e;
    if (!isLetter && !isDigit && !isColon && !isOther && !(isMark && mayBeGlob)) return "";
    name += String.fromCharCode(isLetter ? unit | 0x20 : unit);
  }
  if (!mayBePseudo && (name == "host" || name == "content-length" || name == "transfer-encoding" || name == "connection")) return "";
  return name;
}
