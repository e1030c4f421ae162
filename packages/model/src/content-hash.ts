import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/**
 * 128 bits of SHA-256 over the bytes, as 32 hex digits: the version of a resource. Equal on every machine and across restarts, and
 * no one can craft two contents that pass for the same version.
 */
export function contentHash(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes).subarray(0, 16));
}
