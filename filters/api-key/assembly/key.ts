import { equalsConstantTime } from "@heddle/wasm-sdk/assembly/constant-time";
import { decodeHex } from "@heddle/wasm-sdk/assembly/hex";
import { PathPatterns } from "@heddle/wasm-sdk/assembly/path-patterns";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { sha256 } from "@heddle/wasm-sdk/assembly/sha256";

/** A key that is known by its SHA-256, and the client it stands for. */
export class ApiKey {
  constructor(readonly name: string, readonly hash: ArrayBuffer, readonly paths: PathPatterns) {}

  static read(settings: Settings): ApiKey {
    const name = settings.required("name");
    const paths = PathPatterns.read(settings, "paths");
    let hash: ArrayBuffer = new ArrayBuffer(0);
    if (settings.has("key") == settings.has("sha256")) {
      settings.refuse("", 'wanted either "key" or "sha256"');
    } else if (settings.has("key")) {
      hash = sha256(settings.text("key"));
    } else {
      const digest = decodeHex(settings.text("sha256"));
      if (digest === null || digest.byteLength != 32) settings.refuse("sha256", "wanted 64 hexadecimal digits");
      else hash = digest;
    }
    // It becomes a header's value.
    for (let index = 0; index < name.length; index++) {
      const unit = name.charCodeAt(index);
      if (unit < 0x20 || unit > 0x7e) {
        settings.refuse("name", "wanted printable ASCII");
        break;
      }
    }
    settings.refuseOthers();
    return new ApiKey(name, hash, paths);
  }

  /**
   * The key that was presented, or null. Hashes are compared rather than keys, all of them, so that the time tells neither how much of a key was
   * right nor which one it was.
   */
  static find(keys: ApiKey[], presented: ArrayBuffer): ApiKey | null {
    const hash = sha256(presented);
    let found: ApiKey | null = null;
    for (let index = 0; index < keys.length; index++) {
      const key = unchecked(keys[index]);
      if (equalsConstantTime(hash, key.hash)) found = key;
    }
    return found;
  }
}
