import { expect, test } from 'vitest';
import { GuestMemory, GuestMemoryError } from './guest-memory.ts';
import { encodePairs, type HeaderPair } from './header-pairs.ts';

const PAGE = 65_536;

const pairs: readonly HeaderPair[] = [
  ['x-name', 'value'],
  ['x-empty', ''],
  ['x-long', 'ü\u00ff'.repeat(100)],
];
const size = encodePairs(pairs).length;

function attached(pages: number): { readonly memory: GuestMemory; readonly wasm: WebAssembly.Memory } {
  const wasm = new WebAssembly.Memory({ initial: pages });
  const memory = new GuestMemory();
  memory.attach(wasm);
  return { memory, wasm };
}

test.each([0, 1, 7, PAGE - size])('GuestMemory writes a map at %i, and nothing beside it', (pointer) => {
  const { memory, wasm } = attached(1);
  new Uint8Array(wasm.buffer).fill(0x55);
  memory.writePairs(pointer, pairs);
  const expected = new Uint8Array(PAGE).fill(0x55);
  expected.set(encodePairs(pairs), pointer);
  expect(new Uint8Array(wasm.buffer).every((byte, index) => byte === expected[index])).toBe(true);
});

test('GuestMemory writes where the memory has grown to since it was last seen', () => {
  const { memory, wasm } = attached(1);
  memory.writePairs(0, pairs);
  wasm.grow(1);
  memory.writePairs(PAGE, pairs);
  memory.writePairs(8, pairs);
  const now = new Uint8Array(wasm.buffer);
  expect(now.slice(PAGE, PAGE + size)).toEqual(encodePairs(pairs));
  expect(now.slice(8, 8 + size)).toEqual(encodePairs(pairs));
});

test.each([PAGE - size + 1, PAGE, 0xffff_ffff, -1])('GuestMemory refuses a map at %i that would not fit', (pointer) => {
  const { memory, wasm } = attached(1);
  expect(() => memory.writePairs(pointer, pairs)).toThrow(GuestMemoryError);
  expect(new Uint8Array(wasm.buffer).every((byte) => byte === 0)).toBe(true);
});
