// What the tests of tokens call. The key set is kept between calls.
import { ClaimRules, Jwks, Jwt } from "../assembly/jwt";
import { toText } from "../assembly/bytes";

export { allocate } from "./plain";
export { allocate as proxy_on_memory_allocate } from "../assembly/memory";

let keys = new Jwks();

function bytes(text: string): ArrayBuffer { return String.UTF8.encode(text); }

/** Reads a key set; answers its error, or its keys' algorithms and ids. */
export function setKeys(text: ArrayBuffer): ArrayBuffer {
  keys = Jwks.parse(text);
  if (keys.error.length > 0) return bytes(keys.error);
  let list = "";
  for (let index = 0; index < keys.keys.length; index++) list += keys.keys[index].algorithm + ":" + keys.keys[index].id + " ";
  return bytes(list);
}

export function keyBytes(index: i32): ArrayBuffer { return keys.keys[index].bytes; }

/** `ok CLAIMS` if one of the keys has signed the token, else why not. */
export function verify(token: ArrayBuffer): ArrayBuffer {
  const jwt = Jwt.parse(token);
  if (jwt.error.length > 0) return bytes(jwt.error);
  for (let index = 0; index < keys.keys.length; index++) {
    const key = keys.keys[index];
    if (jwt.isFor(key) && jwt.isSignedBy(key)) return bytes("ok " + toText(jwt.claims.raw));
  }
  return bytes("no key");
}

/** Whether one of the keys has signed the token, without asking first whether it is for it. */
export function isSigned(token: ArrayBuffer): bool {
  const jwt = Jwt.parse(token);
  for (let index = 0; index < keys.keys.length; index++) {
    if (jwt.isSignedBy(keys.keys[index])) return true;
  }
  return false;
}

/** Whether the token is read, and no key asked. */
export function read(token: ArrayBuffer, maxBytes: i32): ArrayBuffer { return bytes(Jwt.parse(token, maxBytes).error); }

export function check(token: ArrayBuffer, now: f64, issuers: ArrayBuffer, audiences: ArrayBuffer, skew: f64, requireExpiry: bool): ArrayBuffer {
  const rules = new ClaimRules();
  if (issuers.byteLength > 0) rules.issuers = toText(issuers).split(" ");
  if (audiences.byteLength > 0) rules.audiences = toText(audiences).split(" ");
  rules.clockSkewSeconds = skew;
  rules.requireExpiry = requireExpiry;
  return bytes(rules.check(Jwt.parse(token).claims, now));
}
