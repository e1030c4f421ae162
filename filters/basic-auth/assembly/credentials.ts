import { decodeBase64 } from "@heddle/wasm-sdk/assembly/base64";

const SCHEME: usize = memory.data<u8>([0x62, 0x61, 0x73, 0x69, 0x63]);
const SCHEME_LENGTH: i32 = 5;

/** A name and a password as they came (RFC 7617). */
export class Credentials {
  constructor(readonly name: ArrayBuffer, readonly password: ArrayBuffer) {}

  /** Of a header `Authorization: Basic …`; null if it is not that. */
  static parse(header: ArrayBuffer): Credentials | null {
    const start = changetype<usize>(header);
    const size = header.byteLength;
    if (size <= SCHEME_LENGTH || load<u8>(start + SCHEME_LENGTH) != 0x20) return null;
    for (let index = 0; index < SCHEME_LENGTH; index++) {
      if ((load<u8>(start + index) | 0x20) != load<u8>(SCHEME + index)) return null;
    }
    let from = SCHEME_LENGTH + 1;
    while (from < size && load<u8>(start + from) == 0x20) from++;
    const decoded = decodeBase64(header.slice(from));
    if (decoded === null) return null;
    for (let at = 0; at < decoded.byteLength; at++) {
      if (load<u8>(changetype<usize>(decoded) + at) == 0x3a) return new Credentials(decoded.slice(0, at), decoded.slice(at + 1));
    }
    return null;
  }
}
