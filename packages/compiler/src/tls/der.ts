/** One element of a DER text (ITU-T X.690): its tag, and its content. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
}

export const DER = { integer: 0x02, bitString: 0x03, octetString: 0x04, objectId: 0x06, sequence: 0x30 } as const;

/** The elements that follow one another in some bytes, or undefined if they are not DER. */
export function derElements(bytes: Uint8Array): readonly DerElement[] | undefined {
  const found: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] as number;
    let length = bytes[at + 1];
    // Tags above 30 take more bytes; certificates and keys have none.
    if (length === undefined || (tag & 0x1f) === 0x1f) return undefined;
    at += 2;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0 || octets > 3 || at + octets > bytes.length) return undefined;
      length = 0;
      for (let index = 0; index < octets; index++) length = length * 256 + (bytes[at++] as number);
    }
    if (at + length > bytes.length) return undefined;
    found.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

/** The elements inside the only element of some bytes, which is a sequence; undefined for anything else. */
export function derSequence(bytes: Uint8Array): readonly DerElement[] | undefined {
  const [only, ...others] = derElements(bytes) ?? [];
  return only?.tag === DER.sequence && others.length === 0 ? derElements(only.content) : undefined;
}
