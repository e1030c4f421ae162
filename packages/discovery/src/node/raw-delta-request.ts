import { Buffer } from 'node:buffer';
import { fromBinary } from '@bufbuild/protobuf';
import { DeltaDiscoveryRequestSchema } from '@heddle/envoy-api/discovery';
import type { DeltaRequest } from '../receive.ts';
import { RESOURCE_TYPES } from '../resource-type.ts';

// Nearly all requests of a delta stream are an answer, a list of names to subscribe to, or both: three fields of
// DeltaDiscoveryRequest, and the lists are those that hundreds of other clients send.
const TYPE_URL = 0x12;
const RESOURCE_NAMES_SUBSCRIBE = 0x1a;
const RESPONSE_NONCE = 0x32;

/** Lists that are alike in length and in the bytes that are looked at. */
const MAX_ALIKE = 4;
/** Which bytes of a list decide where it is looked for: so many at each end, and so many between. */
const END_BYTES = 128;
const SAMPLES = 16;
/** Fewer names are decoded as fast as they are found. */
const MIN_KEPT_NAMES = 16;

const NO_NAMES: string[] = [];
const KNOWN_TYPES = RESOURCE_TYPES.map(({ typeUrl }) => ({ typeUrl, bytes: Buffer.from(typeUrl) }));

interface KnownNames {
  /** The fields as they stand in a request. */
  readonly bytes: Buffer;
  readonly names: string[];
}

/**
 * Decodes requests of delta streams. Names that came before are not decoded again: their bytes are found among those seen last, and
 * the same array is given each time, which is how the streams know that they ask for the same. What is out of the ordinary is left to
 * the protobuf library.
 */
export class DeltaRequestReader {
  readonly #maxKeptBytes: number;
  /** By length and samples; oldest use first. */
  readonly #known = new Map<number, KnownNames[]>();
  #keptBytes = 0;

  constructor(options: { readonly maxKeptBytes?: number } = {}) {
    this.#maxKeptBytes = options.maxKeptBytes ?? 4 * 1024 * 1024;
  }

  /** Throws if the bytes are no DeltaDiscoveryRequest. */
  read(bytes: Uint8Array): DeltaRequest {
    return this.#readPlain(bytes) ?? fromBinary(DeltaDiscoveryRequestSchema, bytes);
  }

  /** Undefined for what is not one of the three fields, in one byte of length, or not plain text. */
  #readPlain(bytes: Uint8Array): DeltaRequest | undefined {
    let [typeUrl, nonce, namesStart, namesEnd, count]: [string, string, number, number, number] = ['', '', 0, 0, 0];
    for (let at = 0; at < bytes.length; ) {
      const tag = bytes[at] as number;
      const length = bytes[at + 1] ?? 0x80;
      const start = at + 2;
      const end = start + length;
      if (length >= 0x80 || end > bytes.length) return undefined;
      if (tag === RESOURCE_NAMES_SUBSCRIBE) {
        if (count === 0) namesStart = at;
        else if (namesEnd !== at) return undefined;
        namesEnd = end;
        count += 1;
      } else if (tag === TYPE_URL) {
        const known = knownType(bytes, start, end);
        if (known === undefined) return undefined;
        typeUrl = known;
      } else if (tag === RESPONSE_NONCE) {
        const text = asciiText(bytes, start, end);
        if (text === undefined) return undefined;
        nonce = text;
      } else return undefined;
      at = end;
    }
    const names = count === 0 ? NO_NAMES : this.#names(bytes.subarray(namesStart, namesEnd), count);
    if (names === undefined) return undefined;
    return {
      typeUrl,
      responseNonce: nonce,
      resourceNamesSubscribe: names,
      resourceNamesUnsubscribe: NO_NAMES,
      initialResourceVersions: {},
      resourceLocatorsSubscribe: [],
      resourceLocatorsUnsubscribe: [],
    };
  }

  #names(bytes: Uint8Array, count: number): string[] | undefined {
    if (count < MIN_KEPT_NAMES) return decodeNames(bytes);
    const key = sampled(bytes);
    const alike = this.#known.get(key);
    const known = alike?.find((one) => one.bytes.equals(bytes));
    if (alike !== undefined && known !== undefined) {
      this.#known.delete(key);
      this.#known.set(key, alike);
      return known.names;
    }
    const names = decodeNames(bytes);
    if (names !== undefined) this.#remember(key, { bytes: Buffer.from(bytes), names });
    return names;
  }

  #remember(key: number, known: KnownNames): void {
    const alike = this.#known.get(key) ?? [];
    alike.push(known);
    this.#keptBytes += known.bytes.length;
    if (alike.length > MAX_ALIKE) this.#keptBytes -= alike.shift()?.bytes.length ?? 0;
    this.#known.set(key, alike);
    for (const [oldest, dropped] of this.#known) {
      if (this.#keptBytes <= this.#maxKeptBytes) break;
      this.#known.delete(oldest);
      for (const { bytes } of dropped) this.#keptBytes -= bytes.length;
    }
  }
}

function knownType(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (const { typeUrl, bytes: known } of KNOWN_TYPES) {
    if (known.length !== end - start) continue;
    // They differ towards the end.
    let index = known.length - 1;
    while (index >= 0 && known[index] === bytes[start + index]) index -= 1;
    if (index < 0) return typeUrl;
  }
  return undefined;
}

function asciiText(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Names one after the other, each with its tag and one byte of length. */
function decodeNames(bytes: Uint8Array): string[] | undefined {
  if (bytes.some((byte) => byte >= 0x80)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const names: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + (bytes[at + 1] as number);
    names.push(text.slice(at + 2, end));
    at = end;
  }
  return names;
}

/** A hash of both ends, where lists of names of one pattern differ, and of some bytes between. */
function sampled(bytes: Uint8Array): number {
  const { length } = bytes;
  const ends = Math.min(length, END_BYTES);
  const step = Math.max(1, length / SAMPLES);
  let hash = length;
  for (let at = 0; at < ends; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  for (let at = length - ends; at < length; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  for (let at = 0; at < length; at += step) hash = (Math.imul(hash, 31) + (bytes[Math.floor(at)] as number)) | 0;
  return hash;
}
