import { describe, expect, test } from 'vitest';
import { GrpcMessageReader } from './raw-grpc-messages.ts';

function frame(text: string, flags = 0): Uint8Array {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function readAll(chunks: readonly Uint8Array[], maxBytes = 100): readonly string[] {
  const reader = new GrpcMessageReader(maxBytes);
  return chunks.flatMap((chunk) => [...reader.read(chunk)].map((message) => Buffer.from(message).toString()));
}

describe('GrpcMessageReader', () => {
  const texts = ['one', '', 'three', 'x'.repeat(50)];
  const whole = Buffer.concat(texts.map((text) => frame(text)));

  test.each([1, 2, 3, 4, 5, 6, 7, 13, 1000])('finds the messages in chunks of %i bytes', (size) => {
    const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
      whole.subarray(i * size, (i + 1) * size),
    );
    expect(readAll(chunks)).toEqual(texts);
  });

  test('does not copy a message that came in one piece', () => {
    const chunk = frame('text');
    const [message] = [...new GrpcMessageReader(100).read(chunk)];
    expect(message?.buffer).toBe(chunk.buffer);
  });

  test('refuses what is too large by its head alone', () => {
    const head = frame('x'.repeat(101)).subarray(0, 5);
    expect(() => readAll([head])).toThrow('a message of 101 bytes, at most 100 are allowed');
    expect(() => readAll([Uint8Array.of(0, 255, 255, 255, 255)])).toThrow('a message of 4294967295 bytes');
  });

  test('refuses a compressed message', () => {
    expect(() => readAll([frame('x', 1)])).toThrow('found message flags 1, wanted 0');
  });

  test.each([
    ['nothing', [], false],
    ['a whole message', [frame('x')], false],
    ['a part of a head', [frame('x').subarray(0, 3)], true],
    ['a part of a body', [frame('xy').subarray(0, 6)], true],
  ] as const)('knows after %s whether a message is incomplete', (_, chunks, expected) => {
    const reader = new GrpcMessageReader(100);
    for (const chunk of chunks) Array.from(reader.read(chunk));
    expect(reader.isMidMessage).toBe(expected);
  });
});
