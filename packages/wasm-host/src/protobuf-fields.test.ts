import { expect, test } from 'vitest';
import { readFields, writeFields } from './protobuf-fields.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

test('readFields takes numbers and bytes, the last of each, and passes what it does not know', () => {
  const fields = readFields(
    bytes(
      ...[0x08, 0x96, 0x01],
      ...[0x08, 0x02],
      ...[0x12, 2, 0x61, 0x62],
      ...[0x19, 1, 2, 3, 4, 5, 6, 7, 8],
      ...[0x25, 1, 2, 3, 4],
      ...[0x82, 0x01, 1, 0x7a],
    ),
  );
  expect(fields?.number(1)).toBe(2);
  expect(fields?.bytes(2)).toEqual(bytes(0x61, 0x62));
  expect(fields?.bytes(16)).toEqual(bytes(0x7a));
  expect([fields?.number(3), fields?.bytes(4), fields?.bytes(9)]).toEqual([undefined, undefined, undefined]);
});

test.each([
  { name: 'a length beyond the end', message: bytes(0x0a, 5, 1) },
  { name: 'a number that does not end', message: bytes(0x08, 0xff) },
  { name: 'a number of more than ten bytes', message: bytes(0x08, ...Array.from({ length: 11 }, () => 0xff)) },
  { name: 'a fixed number that is cut', message: bytes(0x09, 1, 2) },
  { name: 'a group', message: bytes(0x0b, 0x0c) },
  { name: 'field 0', message: bytes(0x00, 1) },
])('readFields refuses $name', ({ message }) => {
  expect(readFields(message)).toBeUndefined();
});

test('writeFields leaves out defaults, and readFields reads what it writes', () => {
  const long = new Uint8Array(300).fill(7);
  const message = Uint8Array.from(
    writeFields([
      [1, true],
      [2, false],
      [3, bytes()],
      [20, long],
    ]),
  );
  expect(message.slice(0, 2)).toEqual(bytes(0x08, 1));
  const fields = readFields(message);
  expect([fields?.number(1), fields?.number(2), fields?.bytes(3), fields?.bytes(20)]).toEqual([
    1,
    undefined,
    undefined,
    long,
  ]);
});
