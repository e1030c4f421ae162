import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { Status } from '../abi.ts';
import type { ForeignFunction } from '../foreign-functions.ts';
import { encodeText } from '../guest-memory.ts';
import { latin1Text } from '../header-pairs.ts';
import { readFields, writeFields } from '../protobuf-fields.ts';

/** What `uncompress` makes at most; as much as a module's memory by default. */
const MAX_UNCOMPRESSED_BYTES = 64 * 1024 * 1024;

/** Parsed public keys that are kept: a filter verifies with the same few. */
const MAX_KEYS = 64;

const HASHES = new Set(['sha1', 'sha224', 'sha256', 'sha384', 'sha512']);
const text = new TextDecoder();
const NOTHING = new Uint8Array();
const refused = (status: Status) => ({ status, result: NOTHING });
const done = (result: Uint8Array) => ({ status: Status.OK, result });

const publicKeys = new Map<string, KeyObject | undefined>();

/** A public key for RSA or ECDSA; undefined for what BoringSSL would not read or not verify with. */
function publicKey(pem: string, der: Uint8Array<ArrayBuffer>): KeyObject | undefined {
  const name = pem === '' ? latin1Text(der) : pem;
  if (publicKeys.has(name)) return publicKeys.get(name);
  const key = parsed(() =>
    pem === ''
      ? createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
      : pem.includes('-----BEGIN PUBLIC KEY-----')
        ? createPublicKey(pem)
        : undefined,
  );
  const [oldest] = publicKeys.size < MAX_KEYS ? [] : publicKeys.keys();
  if (oldest !== undefined) publicKeys.delete(oldest);
  publicKeys.set(name, key);
  return key;
}

function parsed(parse: () => KeyObject | undefined): KeyObject | undefined {
  let key: KeyObject | undefined;
  try {
    key = parse();
  } catch {
    // Not a key: the module is told so.
    return undefined;
  }
  return key?.asymmetricKeyType === 'rsa' || key?.asymmetricKeyType === 'ec' ? key : undefined;
}

/** What is wrong with a signature; empty if nothing is. */
function verify(
  hash: string,
  key: KeyObject | undefined,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array,
): string {
  if (!HASHES.has(hash.toLowerCase())) return `${hash} is not supported.`;
  if (key === undefined) return 'Failed to initialize digest verify.';
  return verifyBytes(hash.toLowerCase(), data, key, signature) ? '' : 'Failed to verify digest. Error code: 0';
}

/**
 * Envoy's functions that work on signatures and compressed data: `verify_signature`, `sign` (RSA with PKCS #1 padding and ECDSA with DER
 * signatures; SHA-1 and SHA-2), `compress` and `uncompress` (zlib). They are synchronous, as host calls are, so they are made of
 * `node:crypto` and `node:zlib`, which Node, Deno and Bun have; see docs/decisions/0050-foreign-functions.md.
 *
 * @example
 * await startPlugin({ module, name: 'jwt', foreignFunctions: nodeForeignFunctions });
 */
export const nodeForeignFunctions: Readonly<Record<string, ForeignFunction>> = {
  // VerifySignatureArguments: hash_function 1, public_key 2, signature 3, text 4, public_key_pem 5.
  // VerifySignatureResult: result 1, error 2.
  verify_signature: (args) => {
    const fields = readFields(args);
    if (fields === undefined) return refused(Status.BAD_ARGUMENT);
    const field = (number: number) => fields.bytes(number) ?? new Uint8Array();
    const [der, pem] = [field(2), text.decode(field(5))];
    // One of the two.
    if (der.length > 0 === (pem !== '')) return refused(Status.BAD_ARGUMENT);
    const error = verify(text.decode(field(1)), publicKey(pem, der), field(3), field(4));
    return done(
      writeFields([
        [1, error === ''],
        [2, encodeText(error)],
      ]),
    );
  },

  // SignArguments: hash_function 1, private_key 2, text 3, private_key_pem 4. SignResult: result 1, signature 2, error 3.
  sign: (args) => {
    const fields = readFields(args);
    if (fields === undefined) return refused(Status.BAD_ARGUMENT);
    const field = (number: number) => fields.bytes(number) ?? new Uint8Array();
    const [der, pem, hash] = [field(2), text.decode(field(4)), text.decode(field(1))];
    if (der.length > 0 === (pem !== '')) return refused(Status.BAD_ARGUMENT);
    const fail = (error: string) => done(writeFields([[3, encodeText(error)]]));
    if (!HASHES.has(hash.toLowerCase())) return fail(`${hash} is not supported.`);
    const key = parsed(() =>
      pem === ''
        ? createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
        : pem.includes('PRIVATE KEY-----')
          ? createPrivateKey(pem)
          : undefined,
    );
    if (key === undefined) return fail('Invalid key type: private key required for signing operation.');
    return done(
      writeFields([
        [1, true],
        [2, signBytes(hash.toLowerCase(), field(3), key)],
      ]),
    );
  },

  compress: (args) => done(deflateSync(args)),

  uncompress: (args) => {
    let bytes: Uint8Array;
    try {
      bytes = inflateSync(args, { maxOutputLength: MAX_UNCOMPRESSED_BYTES });
    } catch {
      // Not zlib's format, cut short, or too large: the module is told that it cannot be read.
      return refused(Status.SERIALIZATION_FAILURE);
    }
    return done(bytes);
  },
};
