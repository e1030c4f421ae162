import { decodeBase64UrlAt } from "./base64";
import { copyBytes, pointerOf, toBytes } from "./bytes";
import { equalsConstantTime } from "./constant-time";
import { ecdsaSignature } from "./der";
import { Verdict, verifySignature } from "./foreign";
import { hmacSha256 } from "./hmac";
import { Json } from "./json";
import { JwtKey } from "./jwks";

export { Jwks, JwtKey } from "./jwks";

/**
 * A signed token (JWT, RFC 7519) in its compact form. Read it, verify it, and only then believe its claims:
 *
 *     const token = Jwt.parse(text);
 *     if (token.error.length > 0) return refuse(token.error);
 *     if (!token.isSignedBy(key)) return refuse("the signature is wrong");
 *     const problem = new ClaimRules().check(token.claims, nowInSeconds);
 */
export class Jwt {
  /** What is wrong with the token's form; empty if nothing is. */
  error: string = "";
  header: Json = nothing();
  claims: Json = nothing();
  /** `alg` and `kid` of the header; empty where there is none. */
  algorithm: string = "";
  keyId: string = "";
  private signed: ArrayBuffer = new ArrayBuffer(0);
  private signature: ArrayBuffer = new ArrayBuffer(0);

  /** Reads a token, text or bytes, of at most `maxBytes`. */
  static parse<T>(token: T, maxBytes: i32 = 16384): Jwt {
    const jwt = new Jwt();
    jwt.error = jwt.read(toBytes<T>(token), maxBytes);
    return jwt;
  }

  private read(token: ArrayBuffer, maxBytes: i32): string {
    const start = pointerOf(token);
    const size = token.byteLength;
    if (size > maxBytes) return "the token has more than " + maxBytes.toString() + " bytes";
    const first = dot(start, 0, size);
    const second = dot(start, first + 1, size);
    if (second >= size || dot(start, second + 1, size) != size) return "the token has not three parts";
    const header = decodeBase64UrlAt(start, first);
    if (header === null) return "the token's header is not base64url";
    const claims = decodeBase64UrlAt(start + first + 1, second - first - 1);
    if (claims === null) return "the token's claims are not base64url";
    const signature = decodeBase64UrlAt(start + second + 1, size - second - 1);
    if (signature === null) return "the token's signature is not base64url";
    this.header = Json.parse(header, 16);
    if (!this.header.isObject) return "the token's header is no JSON object";
    this.claims = Json.parse(claims, 32);
    if (!this.claims.isObject) return "the token's claims are no JSON object";
    // RFC 7515, section 4.1.11: what must be understood is not.
    if (this.header.get("crit").exists) return "the token's header has extensions that must be understood";
    this.algorithm = this.header.get("alg").textOr("");
    if (this.algorithm.length == 0) return "the token's header has no algorithm";
    this.keyId = this.header.get("kid").textOr("");
    this.signed = copyBytes(start, second);
    this.signature = signature;
    return "";
  }

  /** Whether this key may have signed the token: the algorithm is the key's, and of key ids that both have, they are the same. */
  isFor(key: JwtKey): bool {
    if (this.error.length > 0 || this.algorithm != key.algorithm) return false;
    return this.keyId.length == 0 || key.id.length == 0 || this.keyId == key.id;
  }

  /** Whether the signature is this key's. RS256 and ES256 are verified by the host. */
  isSignedBy(key: JwtKey): bool {
    if (this.error.length > 0 || this.algorithm != key.algorithm) return false;
    if (key.algorithm == "HS256") return equalsConstantTime(hmacSha256(key.bytes, this.signed), this.signature);
    if (key.algorithm == "RS256") return verifySignature("sha256", key.bytes, this.signature, this.signed) == Verdict.Right;
    if (this.signature.byteLength != 64) return false;
    return verifySignature("sha256", key.bytes, ecdsaSignature(this.signature), this.signed) == Verdict.Right;
  }
}

/** What a token's registered claims (RFC 7519, section 4.1) have to be. */
export class ClaimRules {
  /** `iss` is one of these; empty: any. */
  issuers: string[] = [];
  /** `aud` has one of these; empty: any. */
  audiences: string[] = [];
  /** By how many seconds clocks may differ. */
  clockSkewSeconds: f64 = 60;
  /** Whether a token without `exp` is refused. */
  requireExpiry: bool = true;

  /** Why the claims are refused, in words; empty if they are not. */
  check(claims: Json, nowSeconds: f64): string {
    const expiry = claims.get("exp");
    if (expiry.exists ? !expiry.isNumber : this.requireExpiry) return 'the token has no valid "exp"';
    if (expiry.exists && nowSeconds >= expiry.f64Or(0) + this.clockSkewSeconds) return "the token has expired";
    const notBefore = claims.get("nbf");
    if (notBefore.exists && !notBefore.isNumber) return 'the token has no valid "nbf"';
    if (notBefore.exists && nowSeconds < notBefore.f64Or(0) - this.clockSkewSeconds) return "the token is not valid yet";
    if (this.issuers.length > 0 && !isOneOf(claims.get("iss"), this.issuers)) return "the token's issuer is not accepted";
    if (this.audiences.length == 0) return "";
    const audience = claims.get("aud");
    if (isOneOf(audience, this.audiences)) return "";
    if (audience.isArray) {
      for (let item = audience.first(); item.exists; item = item.next()) {
        if (isOneOf(item, this.audiences)) return "";
      }
    }
    return "the token is not for this audience";
  }
}

function isOneOf(value: Json, texts: string[]): bool {
  for (let index = 0; index < texts.length; index++) {
    if (value.isText(texts[index])) return true;
  }
  return false;
}

function dot(start: usize, at: i32, size: i32): i32 {
  while (at < size && load<u8>(start + at) != 0x2e) at++;
  return at;
}

function nothing(): Json {
  return Json.parse("");
}
