// As much of gRPC as ratings.proto needs: messages with one number, one message each way
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).

export const GET_RATING = '/bookshop.Ratings/GetRating';

export const STATUS = { ok: '0', unknown: '2', notFound: '5', unimplemented: '12', unavailable: '14' } as const;

/**
 *     +------------+----------------+----------------+------------------+
 *     | 0 (plain)  | length, 4 byte | tag: field 1,  | the number, a    |
 *     |            | big-endian     | varint (0x08)  | byte up to 127   |
 *     +------------+----------------+----------------+------------------+
 */
export function frame(number: number): Buffer {
  if (!Number.isInteger(number) || number < 0 || number > 127) throw new RangeError(`found ${number}, wanted 0 to 127`);
  return Buffer.from([0, 0, 0, 0, 2, 0x08, number]);
}

/** The number in a framed message; a message without it has the default, 0. */
export function unframe(bytes: Buffer): number {
  if (bytes.length < 5 || bytes[0] !== 0 || bytes.readUInt32BE(1) !== bytes.length - 5)
    throw new RangeError('found bytes that are not one plain message');
  if (bytes.length === 5) return 0;
  const number = bytes[6];
  if (bytes.length !== 7 || bytes[5] !== 0x08 || number === undefined || number > 127)
    throw new RangeError('found a message with other fields than a small number');
  return number;
}

/** Collects a body that is at most a few bytes long. */
export async function readSmall(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > 1024) throw new RangeError('found a message of more than 1024 bytes');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
