// As much of DER (X.690) as public keys and signatures need.
import { pointerOf } from "./bytes";

const enum Tag {
  INTEGER = 0x02,
  BIT_STRING = 0x03,
  SEQUENCE = 0x30,
}

/** The SubjectPublicKeyInfo (RFC 5280, RFC 8017) of an RSA key: modulus and exponent are big-endian. */
export function rsaPublicKey(modulus: ArrayBuffer, exponent: ArrayBuffer): ArrayBuffer {
  const key = element(Tag.SEQUENCE, concat(integer(pointerOf(modulus), modulus.byteLength), integer(pointerOf(exponent), exponent.byteLength)));
  const bits = new ArrayBuffer(key.byteLength + 1);
  memory.copy(pointerOf(bits) + 1, pointerOf(key), key.byteLength);
  // SEQUENCE { OBJECT IDENTIFIER rsaEncryption, NULL }
  const algorithm = fromStatic(memory.data<u8>([0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0]), 15);
  return element(Tag.SEQUENCE, concat(algorithm, element(Tag.BIT_STRING, bits)));
}

/** The SubjectPublicKeyInfo (RFC 5480) of a key on the curve P-256, of its coordinates of 32 bytes. */
export function p256PublicKey(x: ArrayBuffer, y: ArrayBuffer): ArrayBuffer {
  const head = memory.data<u8>([
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0, 4,
  ]);
  const key = new ArrayBuffer(27 + 64);
  memory.copy(pointerOf(key), head, 27);
  memory.copy(pointerOf(key) + 27, pointerOf(x), 32);
  memory.copy(pointerOf(key) + 59, pointerOf(y), 32);
  return key;
}

/** An ECDSA signature as DER has it, of `r` and `s` one behind the other (RFC 7518, section 3.4). */
export function ecdsaSignature(joined: ArrayBuffer): ArrayBuffer {
  const half = joined.byteLength >> 1;
  const start = pointerOf(joined);
  return element(Tag.SEQUENCE, concat(integer(start, half), integer(start + half, half)));
}

/** An INTEGER that is not negative, without needless zeros in front. */
function integer(start: usize, length: i32): ArrayBuffer {
  while (length > 1 && load<u8>(start) == 0) {
    start++;
    length--;
  }
  const pad = length == 0 || load<u8>(start) >= 0x80 ? 1 : 0;
  const content = new ArrayBuffer(length + pad);
  memory.copy(pointerOf(content) + pad, start, length);
  return element(Tag.INTEGER, content);
}

function element(tag: Tag, content: ArrayBuffer): ArrayBuffer {
  const length = content.byteLength;
  const lengthBytes = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
  const out = new ArrayBuffer(2 + lengthBytes + length);
  const at = pointerOf(out);
  store<u8>(at, tag);
  store<u8>(at, lengthBytes == 0 ? length : 0x80 | lengthBytes, 1);
  for (let index = 0; index < lengthBytes; index++) store<u8>(at + 2 + index, length >> ((lengthBytes - 1 - index) << 3));
  memory.copy(at + 2 + lengthBytes, pointerOf(content), length);
  return out;
}

function concat(first: ArrayBuffer, second: ArrayBuffer): ArrayBuffer {
  const both = new ArrayBuffer(first.byteLength + second.byteLength);
  memory.copy(pointerOf(both), pointerOf(first), first.byteLength);
  memory.copy(pointerOf(both) + first.byteLength, pointerOf(second), second.byteLength);
  return both;
}

function fromStatic(start: usize, length: i32): ArrayBuffer {
  const bytes = new ArrayBuffer(length);
  memory.copy(pointerOf(bytes), start, length);
  return bytes;
}
