import { expect, test } from 'vitest';
import { GuestMemory } from './guest-memory.ts';
import { encodePairs } from './header-pairs.ts';
import { hostcallWords } from './hostcall-words.ts';

/** What the module has in its memory: at 0 numbers, then texts and pairs. */
function memoryWith(): GuestMemory {
  const memory = new GuestMemory();
  memory.attach(new WebAssembly.Memory({ initial: 1 }));
  // Where 16, 5 and 7 stand, an answer's address, size and number are found.
  memory.writeU32(0, 16);
  memory.writeU32(4, 5);
  memory.writeU32(8, 7);
  memory.writeLatin1(16, 'x-key');
  memory.writeLatin1(32, 'a\0b');
  memory.write(64, encodePairs([['a', '1']]));
  memory.write(128, Uint8Array.of(0xff, 0, 1));
  memory.writeLatin1(1024, 'y'.repeat(300));
  return memory;
}
const PAIRS = encodePairs([['a', '1']]).length;

test.each<[string, (number | bigint)[], number, readonly string[], readonly string[]]>([
  ['proxy_get_header_map_value', [0, 16, 5, 0, 4], 0, ['http request headers', '"x-key"'], ['"x-key"']],
  ['proxy_get_header_map_value', [0, 16, 5, 0, 4], 1, ['http request headers', '"x-key"'], []],
  ['proxy_get_header_map_value', [99, 16, 5, 0, 4], 2, ['99', '"x-key"'], []],
  ['proxy_set_header_map_pairs', [2, 64, PAIRS], 0, ['http response headers', '[a: 1]'], []],
  ['proxy_set_header_map_pairs', [2, 16, 5], 0, ['http response headers', '(5 bytes)'], []],
  ['proxy_get_property', [32, 3, 0, 4], 0, ['"a.b"'], ['"x-key"']],
  ['proxy_get_buffer_status', [1, 8, 4], 0, ['http response body'], ['7', '5']],
  ['proxy_get_metric', [4, 8], 0, ['4'], ['7']],
  ['proxy_increment_metric', [4, 9007199254740993n], 0, ['4', '9007199254740993'], []],
  ['proxy_define_metric', [2, 16, 5, 8], 0, ['histogram', '"x-key"'], ['7']],
  ['proxy_log', [4, 128, 3], 0, ['error', '(3 bytes)'], []],
  ['proxy_log', [0, 1024, 300], 0, ['trace', `"${'y'.repeat(200)}" and 100 more`], []],
  ['proxy_log', [0, 65_535, 2], 6, ['trace', '(outside of the memory)'], []],
  ['proxy_log', [0, -1, 1], 6, ['trace', '(outside of the memory)'], []],
  ['proxy_close_stream', [1], 0, ['http response'], []],
  ['proxy_done', [], 0, [], []],
  ['proxy_unheard_of', [1, 2], 0, ['1', '2'], []],
])('hostcallWords: %s(%o) → %i', (name, args, status, given, got) => {
  const memory = memoryWith();
  const { reached } = memory;
  expect(hostcallWords(name, args, status, memory)).toEqual({ given, got });
  expect(memory.reached).toBe(reached);
});
