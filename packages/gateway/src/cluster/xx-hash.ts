import xxhash from 'xxhash-wasm';

// The module is 3 kB and is compiled while this one is loaded, so that hashing need not wait for anything.
const { h64, h64Raw } = await xxhash();

/** xxHash64 of a text that holds one character per byte, as headers do; Envoy's hash for everything that chooses an endpoint. */
export function xxHash64(text: string, seed = 0n): bigint {
  // ASCII is the same in UTF-8.
  if (isAscii(text)) return h64(text, seed);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return h64Raw(bytes, seed);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
