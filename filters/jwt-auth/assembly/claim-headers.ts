import { Headers } from "@heddle/wasm-sdk/assembly";
import { pointerOf, toText } from "@heddle/wasm-sdk/assembly/bytes";
import { Json } from "@heddle/wasm-sdk/assembly/json";

const MAX_BYTES: i32 = 4096;

/** A claim that the upstream gets as a header. */
export class ClaimHeader {
  constructor(readonly claim: string, readonly header: string) {}

  write(headers: Headers, claims: Json): void {
    const value = headerValue(findClaim(claims, this.claim));
    if (value !== null) headers.set(this.header, value);
  }
}

/** The claim of this name, else the one that a path of names with dots between them leads to. */
function findClaim(claims: Json, name: string): Json {
  const whole = claims.get(name);
  if (whole.exists || !name.includes(".")) return whole;
  const parts = name.split(".");
  let found = claims;
  for (let index = 0; index < parts.length; index++) found = found.get(parts[index]);
  return found;
}

/** A text, number or boolean as it is, of a list its members with commas between; null for what no header can say unmistakably. */
function headerValue(claim: Json): string | null {
  if (!claim.isArray) return scalar(claim, false);
  let joined = "";
  for (let item = claim.first(); item.exists; item = item.next()) {
    const value = scalar(item, true);
    if (value === null) return null;
    joined = joined.length == 0 ? value : joined + "," + value;
    if (joined.length > MAX_BYTES) return null;
  }
  return joined.length == 0 ? null : joined;
}

function scalar(value: Json, isListed: bool): string | null {
  if (value.isNumber || value.isBoolean) return toText(value.raw);
  const bytes = value.bytes;
  if (bytes === null || bytes.byteLength == 0 || bytes.byteLength > MAX_BYTES) return null;
  for (let index = 0; index < bytes.byteLength; index++) {
    const byte = load<u8>(pointerOf(bytes) + index);
    if (byte < 0x20 || byte == 0x7f || (isListed && byte == 0x2c)) return null;
  }
  const first = load<u8>(pointerOf(bytes));
  const last = load<u8>(pointerOf(bytes) + bytes.byteLength - 1);
  // White space at the ends does not survive in a header.
  return first == 0x20 || last == 0x20 ? null : toText(bytes);
}
