import { pointerOf, toBytes } from "./bytes";

/** The SHA-256 (FIPS 180-4) of a text's UTF-8 or of bytes: 32 bytes. */
export function sha256<T>(value: T): ArrayBuffer {
  // One for all: nothing else runs before the digest is made.
  let hash = whole;
  if (hash === null) whole = hash = new Sha256();
  else hash.reset();
  hash.update<T>(value);
  return hash.digest();
}

let whole: Sha256 | null = null;

// Bytes in a block, and in the state.
const BLOCK = 64;
const STATE = 32;

/**
 * A SHA-256 that is fed piece by piece.
 *
 *     const hash = new Sha256();
 *     hash.update(chunk);
 *     const bytes = hash.digest();
 */
export class Sha256 {
  /** Eight words, then the bytes that do not fill a block yet. */
  private readonly state: ArrayBuffer = new ArrayBuffer(STATE + BLOCK);
  private size: u64 = 0;

  constructor() {
    this.reset();
  }

  /** Back to the state before the first byte. */
  reset(): void {
    const initial = memory.data<u32>([
      0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ]);
    memory.copy(pointerOf(this.state), initial, STATE);
    this.size = 0;
  }

  /** Takes the next piece: a text's UTF-8, or bytes. */
  update<T>(value: T): void {
    const bytes = toBytes<T>(value);
    this.updateAt(pointerOf(bytes), bytes.byteLength);
  }

  /** Takes the `length` bytes at `start`. */
  updateAt(start: usize, length: i32): void {
    const state = pointerOf(this.state);
    const rest = state + STATE;
    let used = <i32>(this.size & 63);
    this.size += length;
    if (used > 0) {
      const taken = min(BLOCK - used, length);
      memory.copy(rest + used, start, taken);
      start += taken;
      length -= taken;
      used += taken;
      if (used < BLOCK) return;
      compress(state, rest);
    }
    for (; length >= BLOCK; length -= BLOCK) {
      compress(state, start);
      start += BLOCK;
    }
    memory.copy(rest, start, length);
  }

  /** The 32 bytes of what was given. Ends the hash: `reset` before the next. */
  digest(): ArrayBuffer {
    const out = new ArrayBuffer(STATE);
    const state = pointerOf(this.state);
    const rest = state + STATE;
    const bits = this.size << 3;
    let used = <i32>(this.size & 63);
    store<u8>(rest + used++, 0x80);
    if (used > BLOCK - 8) {
      memory.fill(rest + used, 0, BLOCK - used);
      compress(state, rest);
      used = 0;
    }
    memory.fill(rest + used, 0, BLOCK - 8 - used);
    store<u64>(rest, bswap<u64>(bits), BLOCK - 8);
    compress(state, rest);
    for (let index = 0; index < STATE; index += 4) store<u32>(pointerOf(out) + index, bswap<u32>(load<u32>(state + index)));
    return out;
  }
}

function compress(state: usize, block: usize): void {
  const constants = memory.data<u32>([
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  ]);
  const schedule = memory.data(256, 4);
  for (let index: usize = 0; index < 16; index++) store<u32>(schedule + (index << 2), bswap<u32>(load<u32>(block + (index << 2))));
  for (let at = schedule + 64; at < schedule + 256; at += 16) {
    extend(at);
    extend(at + 4);
    extend(at + 8);
    extend(at + 12);
  }
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  let f = load<u32>(state, 20);
  let g = load<u32>(state, 24);
  let h = load<u32>(state, 28);
  // Eight rounds at a time: after eight, each word is where it was, and none has to be moved.
  for (let at: usize = 0; at < 256; at += 32) {
    const constant = constants + at;
    const word = schedule + at;
    h += s1(e) + choice(e, f, g) + load<u32>(constant) + load<u32>(word);
    d += h;
    h += s0(a) + majority(a, b, c);
    g += s1(d) + choice(d, e, f) + load<u32>(constant, 4) + load<u32>(word, 4);
    c += g;
    g += s0(h) + majority(h, a, b);
    f += s1(c) + choice(c, d, e) + load<u32>(constant, 8) + load<u32>(word, 8);
    b += f;
    f += s0(g) + majority(g, h, a);
    e += s1(b) + choice(b, c, d) + load<u32>(constant, 12) + load<u32>(word, 12);
    a += e;
    e += s0(f) + majority(f, g, h);
    d += s1(a) + choice(a, b, c) + load<u32>(constant, 16) + load<u32>(word, 16);
    h += d;
    d += s0(e) + majority(e, f, g);
    c += s1(h) + choice(h, a, b) + load<u32>(constant, 20) + load<u32>(word, 20);
    g += c;
    c += s0(d) + majority(d, e, f);
    b += s1(g) + choice(g, h, a) + load<u32>(constant, 24) + load<u32>(word, 24);
    f += b;
    b += s0(c) + majority(c, d, e);
    a += s1(f) + choice(f, g, h) + load<u32>(constant, 28) + load<u32>(word, 28);
    e += a;
    a += s0(b) + majority(b, c, d);
  }
  store<u32>(state, load<u32>(state) + a);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
  store<u32>(state, load<u32>(state, 16) + e, 16);
  store<u32>(state, load<u32>(state, 20) + f, 20);
  store<u32>(state, load<u32>(state, 24) + g, 24);
  store<u32>(state, load<u32>(state, 28) + h, 28);
}

/** A word of the schedule, of those before it. */
@inline
function extend(at: usize): void {
  const a = load<u32>(at - 60);
  const b = load<u32>(at - 8);
  const before = rotr<u32>(a, 7) ^ rotr<u32>(a, 18) ^ (a >> 3);
  const after = rotr<u32>(b, 17) ^ rotr<u32>(b, 19) ^ (b >> 10);
  store<u32>(at, load<u32>(at - 64) + before + load<u32>(at - 28) + after);
}

@inline
function s0(a: u32): u32 {
  return rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
}

@inline
function s1(e: u32): u32 {
  return rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
}

@inline
function choice(e: u32, f: u32, g: u32): u32 {
  return g ^ (e & (f ^ g));
}

@inline
function majority(a: u32, b: u32, c: u32): u32 {
  return (a & b) | (c & (a | b));
}
