import { decodeBase64Url } from "./base64";
import { p256PublicKey, rsaPublicKey } from "./der";
import { Json } from "./json";

/** A key that signatures of tokens are verified with. Which algorithm it is for is the key's to say, never the token's. */
export class JwtKey {
  private constructor(
    /** `HS256`, `RS256` or `ES256`. */
    readonly algorithm: string,
    /** `kid`; empty if it has none. */
    readonly id: string,
    /** The secret of HS256, else a SubjectPublicKeyInfo in DER. */
    readonly bytes: ArrayBuffer,
  ) {}

  /** A secret for HS256, of at least 32 bytes (RFC 7518, section 3.2). */
  static secret(bytes: ArrayBuffer, id: string = ""): JwtKey {
    return new JwtKey("HS256", id, bytes);
  }

  /** A key of a JWK (RFC 7517), or null if it is none that these algorithms can use. */
  static ofJwk(jwk: Json): JwtKey | null {
    const use = jwk.get("use");
    if (use.exists && !use.isText("sig")) return null;
    const operations = jwk.get("key_ops");
    if (operations.exists && !hasText(operations, "verify")) return null;
    const id = jwk.get("kid").textOr("");
    const type = jwk.get("kty");
    const algorithm = jwk.get("alg");
    if (type.isText("oct") && isOr(algorithm, "HS256")) {
      const secret = member(jwk, "k");
      return secret === null || secret.byteLength < 32 ? null : new JwtKey("HS256", id, secret);
    }
    if (type.isText("RSA") && isOr(algorithm, "RS256")) {
      const modulus = member(jwk, "n");
      const exponent = member(jwk, "e");
      // RFC 7518, section 3.3: at least 2048 bits. More than 8192 cost the host more than a token should.
      if (modulus === null || exponent === null || modulus.byteLength < 256 || modulus.byteLength > 1025) return null;
      if (exponent.byteLength == 0 || exponent.byteLength > 8) return null;
      return new JwtKey("RS256", id, rsaPublicKey(modulus, exponent));
    }
    if (type.isText("EC") && isOr(algorithm, "ES256") && jwk.get("crv").isText("P-256")) {
      const x = member(jwk, "x");
      const y = member(jwk, "y");
      if (x === null || y === null || x.byteLength != 32 || y.byteLength != 32) return null;
      return new JwtKey("ES256", id, p256PublicKey(x, y));
    }
    return null;
  }
}

/** A set of keys (JWKS, RFC 7517). Keys that are of no use here are left out, as the RFC wants. */
export class Jwks {
  readonly keys: JwtKey[] = [];
  /** Why there are no keys at all; empty if there are some. */
  error: string = "";

  /** Reads a key set of at most 256 KiB and 100 usable keys. */
  static parse<T>(text: T): Jwks {
    const set = new Jwks();
    const json = Json.parse<T>(text, 16, 1 << 18);
    if (!json.isValid) {
      set.error = "not JSON: " + json.error;
      return set;
    }
    const keys = json.get("keys");
    if (!keys.isArray) {
      set.error = 'no list "keys" in it';
      return set;
    }
    for (let item = keys.first(); item.exists && set.keys.length < 100; item = item.next()) {
      const key = JwtKey.ofJwk(item);
      if (key !== null) set.keys.push(key);
    }
    if (set.keys.length == 0) set.error = "no key in it that HS256, RS256 or ES256 could use";
    return set;
  }
}

function member(jwk: Json, name: string): ArrayBuffer | null {
  const text = jwk.get(name).bytes;
  return text === null ? null : decodeBase64Url(text);
}

function isOr(algorithm: Json, wanted: string): bool {
  return !algorithm.exists || algorithm.isText(wanted);
}

function hasText(list: Json, text: string): bool {
  for (let item = list.first(); item.exists; item = item.next()) {
    if (item.isText(text)) return true;
  }
  return false;
}
