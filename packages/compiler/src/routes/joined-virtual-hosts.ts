import { contentHash } from '@heddle/model';
import { listChanges } from '../incremental/list-changes.ts';
import type { Continued, Memo } from '../memo.ts';
import { asciiHash, type EncodedVirtualHost } from './virtual-host.ts';

/** Encoded virtual hosts behind what stands before them in a route configuration. */
export interface JoinedVirtualHosts {
  readonly bytes: Uint8Array;
  /** A hash of the parts' hashes. */
  readonly version: string;
}

interface JoinedState extends JoinedVirtualHosts {
  /** Where each virtual host ends in `bytes`. */
  readonly ends: Uint32Array;
  readonly hashes: Uint8Array;
}

type Inputs = readonly [virtualHosts: readonly EncodedVirtualHost[], header: Uint8Array];

/** Bytes of {@link asciiHash}. */
const HASH_BYTES = 32;

/** A stage for `memo.evolve`: what stays is copied in as few pieces as there are changes. */
export function joinVirtualHosts(
  _memo: Memo,
  before: Continued<Inputs, JoinedState> | undefined,
  virtualHosts: readonly EncodedVirtualHost[],
  header: Uint8Array,
): JoinedState {
  const ends = new Uint32Array(virtualHosts.length);
  let length = header.length;
  for (let index = 0; index < virtualHosts.length; index++) {
    length += (virtualHosts[index] as EncodedVirtualHost).bytes.length;
    ends[index] = length;
  }
  const bytes = new Uint8Array(length);
  const hashes = new Uint8Array(HASH_BYTES * (virtualHosts.length + 1));
  bytes.set(header);
  hashes.set(asciiHash(header));
  const put = (from: number, to: number): void => {
    for (let index = from; index < to; index++) {
      const host = virtualHosts[index] as EncodedVirtualHost;
      bytes.set(host.bytes, (ends[index] as number) - host.bytes.length);
      hashes.set(host.hash, HASH_BYTES * (index + 1));
    }
  };
  if (before === undefined) {
    put(0, virtualHosts.length);
    return { bytes, version: contentHash(hashes), ends, hashes };
  }
  const known = before.result;
  const [knownHosts, knownHeader] = before.inputs;
  const knownStart = (index: number): number => (index === 0 ? knownHeader.length : (known.ends[index - 1] as number));
  const start = (index: number): number => (index === 0 ? header.length : (ends[index - 1] as number));
  /** Virtual hosts that stay: `from` and `to` in the list before, `at` in this one. */
  const keep = (from: number, to: number, at: number): void => {
    if (from >= to) return;
    bytes.set(known.bytes.subarray(knownStart(from), knownStart(to)), start(at));
    hashes.set(known.hashes.subarray(HASH_BYTES * (from + 1), HASH_BYTES * (to + 1)), HASH_BYTES * (at + 1));
  };
  let [from, to] = [0, 0];
  for (const { startBefore, endBefore, startAfter, endAfter } of listChanges(knownHosts, virtualHosts)) {
    keep(from, startBefore, to);
    put(startAfter, endAfter);
    [from, to] = [endBefore, endAfter];
  }
  keep(from, knownHosts.length, to);
  return { bytes, version: contentHash(hashes), ends, hashes };
}
