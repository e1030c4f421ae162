import { beforeEach, expect, test } from 'vitest';
import { GuestMemory } from './guest-memory.ts';
import { wasiImports } from './wasi.ts';

const PAGE = 64 * 1024;
const [SUCCESS, BAD_FD, FAULT, INVALID, NO_ENTRY, NO_SYSTEM_CALL, NOT_SUPPORTED] = [0, 8, 21, 28, 44, 52, 58];
const NOWHERE = -4;

let memory: GuestMemory;
let printed: string[];
let spent: number;
let fail: Error | undefined;

beforeEach(() => {
  memory = new GuestMemory();
  memory.attach(new WebAssembly.Memory({ initial: 1 }));
  memory.write(1000, new TextEncoder().encode('hello\nyou'));
  // Two pieces: "hello\n" and "you".
  for (const [index, value] of [1000, 6, 1006, 3].entries()) memory.writeU32(2000 + index * 4, value);
  printed = [];
  spent = 0;
  fail = undefined;
});

function call(name: string, ...args: readonly (number | bigint)[]): number | void {
  const imports = wasiImports({
    memory: () => memory,
    spend: () => void (spent += 1),
    environment: new Map([
      ['A', '1'],
      ['LONG', 'näh'],
    ]),
    nowNs: () => 7n,
    monotonicNs: () => 8n,
    print(isError, text) {
      if (fail !== undefined) throw fail;
      printed.push(`${isError ? 'error' : 'info'} ${text}`);
    },
    fillRandom: (bytes) => void bytes.fill(9),
  });
  return (imports[name] as (...args: readonly (number | bigint)[]) => number | void)(...args);
}

const u32 = (at: number) => memory.readU32(at);
const text = (at: number, size: number) => memory.text(at, size);

test.each([
  {
    name: 'fd_write',
    args: [1, 2000, 2, 0],
    status: SUCCESS,
    left: () => [u32(0), ...printed],
    is: [9, 'info hello\nyou'],
  },
  {
    name: 'fd_write',
    args: [2, 2000, 1, 0],
    status: SUCCESS,
    left: () => [u32(0), ...printed],
    is: [6, 'error hello'],
  },
  { name: 'fd_write', args: [1, 2000, 0, 0], status: SUCCESS, left: () => [u32(0), ...printed], is: [0] },
  { name: 'fd_write', args: [0, 2000, 2, 0], status: BAD_FD },
  { name: 'fd_write', args: [1, NOWHERE, 1, 0], status: FAULT },
  { name: 'fd_write', args: [1, 2000, 2, NOWHERE + 1], status: FAULT },
  { name: 'fd_write', args: [1, 2000, 1025, 0], status: INVALID },
  { name: 'fd_write', args: [1, 2000, -1, 0], status: INVALID },
  { name: 'fd_pwrite', args: [1, 2000, 2, 0n, 0], status: SUCCESS, left: () => printed, is: ['info hello\nyou'] },
  { name: 'args_sizes_get', args: [0, 4], status: SUCCESS, left: () => [u32(0), u32(4)], is: [0, 0] },
  { name: 'environ_sizes_get', args: [0, 4], status: SUCCESS, left: () => [u32(0), u32(4)], is: [2, 14] },
  {
    name: 'environ_get',
    args: [0, 100],
    status: SUCCESS,
    left: () => [u32(0), u32(4), text(100, 14)],
    is: [100, 104, 'A=1\0LONG=näh\0'],
  },
  { name: 'environ_get', args: [0, PAGE - 8], status: FAULT },
  { name: 'environ_get', args: [PAGE - 4, 100], status: FAULT },
  { name: 'clock_time_get', args: [0, 0n, 0], status: SUCCESS, left: () => u32(0), is: 7 },
  { name: 'clock_time_get', args: [1, 0n, 0], status: SUCCESS, left: () => u32(0), is: 8 },
  { name: 'clock_time_get', args: [2, 0n, 0], status: NOT_SUPPORTED },
  { name: 'clock_time_get', args: [0, 0n, PAGE - 7], status: FAULT },
  { name: 'clock_res_get', args: [1, 0], status: SUCCESS, left: () => u32(0), is: 1 },
  { name: 'clock_res_get', args: [3, 0], status: NOT_SUPPORTED },
  { name: 'random_get', args: [0, 5], status: SUCCESS, left: () => [u32(0), u32(4)], is: [0x0909_0909, 9] },
  { name: 'random_get', args: [0, 64 * 1024 + 1], status: INVALID },
  { name: 'random_get', args: [PAGE - 1, 2], status: FAULT },
  { name: 'poll_oneoff', args: [0, 0, 1, 8], status: SUCCESS, left: () => u32(8), is: 0 },
  { name: 'sched_yield', args: [], status: SUCCESS },
  { name: 'fd_read', args: [0, 0, 0, 0], status: NO_SYSTEM_CALL },
  { name: 'fd_prestat_get', args: [3, 0], status: BAD_FD },
  { name: 'fd_fdstat_get', args: [1, 0], status: SUCCESS, left: () => u32(8), is: 64 },
  { name: 'fd_fdstat_get', args: [3, 0], status: BAD_FD },
  { name: 'path_open', args: [], status: NO_ENTRY },
  { name: 'sock_recv', args: [0, 0, 0, 0, 4, PAGE - 1], status: FAULT },
])('$name $args answers $status', ({ name, args, status, left, is }) => {
  expect(call(name, ...args)).toBe(status);
  if (left !== undefined) expect(left()).toEqual(is);
  expect(spent).toBe(1);
});

test('pieces of one write that name the same bytes again and again are not gathered', () => {
  for (let index = 0; index < 3; index += 1) {
    memory.writeU32(3000 + index * 8, 0);
    memory.writeU32(3004 + index * 8, PAGE / 2);
  }
  expect(call('fd_write', 1, 3000, 3, 0)).toBe(INVALID);
  expect(call('fd_write', 1, 3000, 2, 0)).toBe(SUCCESS);
});

test('what the host itself gets wrong is no fault of the module', () => {
  fail = new RangeError('Maximum call stack size exceeded');
  expect(() => call('fd_write', 1, 2000, 2, 0)).toThrow(fail);
});

test('proc_exit is told, and is no end', () => {
  expect(call('proc_exit', 3)).toBeUndefined();
  expect(printed).toEqual(['error the module wants to end itself with code 3, which it cannot']);
});
