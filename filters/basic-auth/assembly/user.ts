import { equals, utf8 } from "@heddle/wasm-sdk/assembly";
import { decodeBase64 } from "@heddle/wasm-sdk/assembly/base64";
import { equalsConstantTime } from "@heddle/wasm-sdk/assembly/constant-time";
import { decodeHex } from "@heddle/wasm-sdk/assembly/hex";
import { hmacSha256 } from "@heddle/wasm-sdk/assembly/hmac";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";
import { Credentials } from "./credentials";
import { sha1 } from "./sha1";

const SHA = "{SHA}";
const HMAC = "{HMAC-SHA256}";

/** Somebody who has a password, which is known by its hash. */
export class User {
  private nameBytes: ArrayBuffer;

  /** @param salt null: a SHA-1 without one */
  constructor(readonly name: string, private salt: ArrayBuffer | null, private hash: ArrayBuffer) {
    this.nameBytes = utf8(name);
  }

  /** Reads `NAME:{SHA}BASE64` or `NAME:{HMAC-SHA256}SALT:HEX`. Of a wrong one nothing but its name is repeated: the rest is a secret. */
  static read(settings: Settings, field: string, line: string): User | null {
    const colon = line.indexOf(":");
    if (colon <= 0) {
      settings.refuse(field, "wanted NAME:HASH");
      return null;
    }
    const name = line.substring(0, colon);
    for (let index = 0; index < name.length; index++) {
      const unit = name.charCodeAt(index);
      if (unit < 0x20 || unit > 0x7e) {
        settings.refuse(field, "wanted a name in printable ASCII");
        return null;
      }
    }
    const rest = line.substring(colon + 1);
    if (rest.startsWith(SHA)) {
      const hash = decodeBase64(rest.substring(SHA.length));
      if (hash !== null && hash.byteLength == 20) return new User(name, null, hash);
      settings.refuse(field, 'the hash of "' + name + '" is no base64 of 20 bytes');
      return null;
    }
    if (rest.startsWith(HMAC)) {
      const split = rest.lastIndexOf(":");
      if (split > HMAC.length) {
        const hash = decodeHex(rest.substring(split + 1));
        if (hash !== null && hash.byteLength == 32) return new User(name, utf8(rest.substring(HMAC.length, split)), hash);
      }
      settings.refuse(field, 'the hash of "' + name + '" is not SALT:HEX with 64 hexadecimal digits');
      return null;
    }
    settings.refuse(field, 'the hash of "' + name + '" begins with neither {SHA} nor {HMAC-SHA256}; bcrypt and MD5 are not supported');
    return null;
  }

  /** Who this is, or null. A name that nobody has takes as long as one that somebody has. */
  static find(users: User[], credentials: Credentials): User | null {
    let user = users[0];
    let isKnown = false;
    for (let index = 0; index < users.length; index++) {
      if (equals(users[index].nameBytes, credentials.name)) {
        user = users[index];
        isKnown = true;
        break;
      }
    }
    const isRight = user.isPassword(credentials.password);
    return isKnown && isRight ? user : null;
  }

  private isPassword(password: ArrayBuffer): bool {
    const salt = this.salt;
    const hash = salt === null ? sha1(password) : hmacSha256(salt, password);
    return equalsConstantTime(hash, this.hash);
  }
}
