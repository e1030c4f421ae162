/** What a client says in the clear before a TLS handshake, as far as it decides which chain serves it. */
export interface ClientHello {
  /** Lower case; undefined if the client names none. */
  readonly serverName: string | undefined;
  readonly alpnProtocols: readonly string[];
}

/** No hello is longer (Envoy's TLS inspector reads as much). */
const MAX_HELLO_BYTES = 64 * 1024;

/**
 * Reads a ClientHello (RFC 8446, section 4.1.2) from the first bytes of a connection. `more`: it is not whole yet. `none`: this is no TLS.
 *
 *     record: 16 03 xx LL LL | handshake: 01 LLL LLL LLL | version 2, random 32, session id, cipher suites, compressions, extensions
 */
export function readClientHello(bytes: Uint8Array): ClientHello | 'more' | 'none' {
  if (bytes.length > 0 && bytes[0] !== 0x16) return 'none';
  if (bytes.length > 1 && bytes[1] !== 3) return 'none';
  const handshake: number[] = [];
  let wanted = 4;
  // A hello may be spread over several records.
  for (let at = 0; ; ) {
    if (bytes.length < at + 5) return bytes.length > MAX_HELLO_BYTES ? 'none' : 'more';
    if (bytes[at] !== 0x16) return 'none';
    const length = uint16(bytes, at + 3);
    const end = Math.min(bytes.length, at + 5 + length);
    for (let i = at + 5; i < end; i++) handshake.push(bytes[i] as number);
    if (handshake.length > 0 && handshake[0] !== 1) return 'none';
    if (handshake.length >= 4)
      wanted = 4 + (handshake[1] as number) * 65_536 + (handshake[2] as number) * 256 + (handshake[3] as number);
    if (wanted > MAX_HELLO_BYTES) return 'none';
    if (handshake.length >= wanted) break;
    if (end < at + 5 + length || bytes.length === end) return 'more';
    at = end;
  }
  return readBody(Uint8Array.from(handshake.slice(4, wanted)));
}

function readBody(body: Uint8Array): ClientHello | 'none' {
  let at = 34;
  at += 1 + (body[at] ?? 0);
  at += 2 + uint16(body, at);
  at += 1 + (body[at] ?? 0);
  if (at > body.length) return 'none';
  const end = Math.min(body.length, at + 2 + uint16(body, at));
  at += 2;
  let serverName: string | undefined;
  const alpnProtocols: string[] = [];
  while (at + 4 <= end) {
    const type = uint16(body, at);
    const content = body.subarray(at + 4, at + 4 + uint16(body, at + 2));
    at += 4 + content.length;
    if (type === 0) serverName = readServerName(content);
    else if (type === 16) alpnProtocols.push(...readProtocols(content));
  }
  return { serverName, alpnProtocols };
}

/** RFC 6066, section 3: a list of which only host names (type 0) exist. */
function readServerName(content: Uint8Array): string | undefined {
  if (content.length < 5 || content[2] !== 0) return undefined;
  const name = content.subarray(5, 5 + uint16(content, 3));
  return name.length === 0 ? undefined : Buffer.from(name).toString('latin1').toLowerCase();
}

/** RFC 7301, section 3.1. */
function readProtocols(content: Uint8Array): string[] {
  const found: string[] = [];
  for (let at = 2; at < content.length; at += 1 + (content[at] as number)) {
    found.push(Buffer.from(content.subarray(at + 1, at + 1 + (content[at] as number))).toString('latin1'));
  }
  return found;
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
}
