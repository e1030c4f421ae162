const BLOCK = 64;
const schedule = memory.data(320, 4);
const state = memory.data(20, 4);
const tail = memory.data(128, 4);

/**
 * The SHA-1 (FIPS 180-4) of bytes: 20 bytes. Broken where somebody may choose what is hashed; here for what `htpasswd -s` has written.
 */
export function sha1(bytes: ArrayBuffer): ArrayBuffer {
  store<u32>(state, 0x67452301);
  store<u32>(state, 0xefcdab89, 4);
  store<u32>(state, 0x98badcfe, 8);
  store<u32>(state, 0x10325476, 12);
  store<u32>(state, 0xc3d2e1f0, 16);
  const size = bytes.byteLength;
  const start = changetype<usize>(bytes);
  const whole = size & ~(BLOCK - 1);
  for (let at = 0; at < whole; at += BLOCK) compress(start + at);
  const rest = size - whole;
  const tailSize = rest < BLOCK - 8 ? BLOCK : BLOCK * 2;
  memory.fill(tail, 0, tailSize);
  memory.copy(tail, start + whole, rest);
  store<u8>(tail + rest, 0x80);
  store<u64>(tail + tailSize - 8, bswap<u64>(<u64>size << 3));
  for (let at = 0; at < tailSize; at += BLOCK) compress(tail + at);
  const out = new ArrayBuffer(20);
  for (let at = 0; at < 20; at += 4) store<u32>(changetype<usize>(out) + at, bswap<u32>(load<u32>(state + at)));
  return out;
}

function compress(block: usize): void {
  for (let index: usize = 0; index < 16; index++) store<u32>(schedule + (index << 2), bswap<u32>(load<u32>(block + (index << 2))));
  for (let index: usize = 16; index < 80; index++) {
    const at = schedule + (index << 2);
    store<u32>(at, rotl<u32>(load<u32>(at - 12) ^ load<u32>(at - 32) ^ load<u32>(at - 56) ^ load<u32>(at - 64), 1));
  }
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  for (let index: usize = 0; index < 80; index++) {
    let mixed: u32;
    if (index < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
    else if (index < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
    else if (index < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else mixed = (b ^ c ^ d) + 0xca62c1d6;
    const next = rotl<u32>(a, 5) + mixed + e + load<u32>(schedule + (index << 2));
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  store<u32>(state, load<u32>(state) + a);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
  store<u32>(state, load<u32>(state, 16) + e, 16);
}
