// What a module can make the host hold, and what it can do to the host's own numbers.
import { expect, test } from 'vitest';
import { emptyModule, moduleOf } from '../test/module-bytes.ts';
import { Status } from './abi.ts';
import { nextContextId } from './context-ids.ts';
import { HttpContext } from './http-context.ts';
import { Metrics } from './metrics.ts';
import { startPlugin } from './plugin.ts';
import { RootContext } from './root-context.ts';
import { setProperty } from './set-properties.ts';
import { SharedData } from './shared-data.ts';
import { SharedQueues } from './shared-queues.ts';
import { CloseType, TcpContext } from './tcp-context.ts';
import { fakeClock } from './testing/fake-clock.ts';
import { loadModule, ModuleError } from './wasm-module.ts';
import { WasmProcess } from './wasm-process.ts';
import { systemWasmClock, WasmVm } from './wasm-vm.ts';

const zeros = (length: number) => new Uint8Array(length);

test.each([
  { name: 'two memories', memories: [2, 0, 1, 0, 1], found: '2' },
  { name: 'a shared memory', memories: [1, 3, 1, 2], found: 'one that is shared or has 64-bit addresses' },
  { name: 'a memory of 64 bits', memories: [1, 4, 1], found: 'one that is shared or has 64-bit addresses' },
])('loadModule refuses $name, which it cannot limit', async ({ memories, found }) => {
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  const exported = [...name('malloc'), 0, 0, ...name('proxy_abi_version_0_2_1'), 0, 0, ...name('memory'), 2, 0];
  const bytes = moduleOf([1, 1, 0x60, 0, 0], [3, 1, 0], [5, ...memories], [7, 3, ...exported], [10, 1, 2, 0, 0x0b]);
  await expect(loadModule(bytes)).rejects.toMatchObject({
    code: 'unsupported-memory',
    message: `Cannot use the module: wanted one plain memory of 32 bits, found ${found}`,
  });
});

test.each([
  { bytes: new TextEncoder().encode('hi'), found: '68 69' },
  { bytes: zeros(0), found: 'nothing' },
])('loadModule says what it found in place of a module: $found', async ({ bytes, found }) => {
  await expect(loadModule(bytes)).rejects.toMatchObject({
    code: 'malformed',
    message: `Cannot read the module: wanted 00 61 73 6d 01 00 00 00 at its beginning, found ${found}`,
  });
});

test('loadModule answers any bytes with a module or a ModuleError', async () => {
  const whole = emptyModule({
    imports: ['env.proxy_log'],
    exports: ['proxy_abi_version_0_2_1', 'malloc', 'proxy_on_tick'],
  });
  // A generator of numbers of its own: what fails, fails again.
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let refused = 0;
  for (let round = 0; round < 3_000; round += 1) {
    const bytes = whole.slice(0, random(4) === 0 ? random(whole.length) : whole.length);
    for (let count = random(4); count >= 0 && bytes.length > 0; count -= 1) bytes[random(bytes.length)] = random(256);
    try {
      await loadModule(bytes);
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(1_500);
});

test('shared data has room for so many bytes, and what is replaced makes room', () => {
  const data = new SharedData(100);
  expect(data.set('a', zeros(59), 0)).toBe(Status.OK);
  expect(data.set('b', zeros(40), 0)).toBe(Status.INTERNAL_FAILURE);
  expect(data.get('b')).toBeUndefined();
  expect(data.set('b', zeros(39), 0)).toBe(Status.OK);
  expect(data.set('a', zeros(60), 0)).toBe(Status.INTERNAL_FAILURE);
  expect(data.get('a')?.value).toHaveLength(59);
  expect(data.set('a', zeros(0), 0)).toBe(Status.OK);
  expect(data.set('b', zeros(98), 0)).toBe(Status.OK);
});

test('queues have room for so many bytes, and what is taken makes room', () => {
  const queues = new SharedQueues(400);
  const [one, other] = [queues.register('', 'one', () => {}), queues.register('', 'other', () => {})];
  expect(queues.enqueue(one, zeros(72))).toBe(Status.OK);
  expect(queues.enqueue(other, zeros(73))).toBe(Status.INTERNAL_FAILURE);
  expect(queues.enqueue(other, zeros(72))).toBe(Status.OK);
  expect(queues.enqueue(one, zeros(0))).toBe(Status.INTERNAL_FAILURE);
  expect(queues.dequeue(one)).toHaveLength(72);
  expect(queues.enqueue(one, zeros(72))).toBe(Status.OK);
});

test('metrics have room for so many names', () => {
  const metrics = new Metrics(600);
  expect([metrics.define(0, 'a'), metrics.define(1, 'a'), metrics.define(2, 'a')]).toEqual([4, 5, undefined]);
  expect(metrics.define(0, 'a')).toBe(4);
});

test('a histogram keeps its last thousand samples', () => {
  const metrics = new Metrics();
  const id = metrics.define(2, 'h') as number;
  for (let value = 0n; value < 1_200n; value += 1n) metrics.record(id, value);
  expect(metrics.all()[0]).toMatchObject({ count: 1200, sum: 719_400n });
  expect(metrics.all()[0]?.samples).toHaveLength(1000);
  expect(metrics.all()[0]?.samples[0]).toBe(200n);
});

test('a stream that is over leaves nothing in its VM', async () => {
  const vm = WasmVm.start(await loadModule(emptyModule()));
  const root = RootContext.configure(vm, { name: 'p', rootId: '', configuration: zeros(0) });
  const host = { property: () => undefined, setProperty: () => Status.OK };
  const nothing = () => {};
  const stream = new HttpContext(vm, root, {
    ...host,
    continueRequest: nothing,
    continueResponse: nothing,
    reset: nothing,
    sendLocalReply: nothing,
    clearRouteCache: nothing,
  });
  const connection = new TcpContext(vm, root, { ...host, continueReading: nothing, close: nothing });
  expect([vm.context(stream.id), vm.context(connection.id)]).toEqual([stream, connection]);
  stream.close({});
  connection.onDownstreamClose(CloseType.REMOTE);
  expect([vm.context(stream.id), vm.context(connection.id)]).toEqual([undefined, undefined]);
});

test('a stream has room for so many properties', () => {
  const properties = new Map<string, Uint8Array>();
  expect(setProperty(properties, 'a', zeros(1024 * 1024 - 2))).toBe(Status.OK);
  expect(setProperty(properties, 'b', zeros(1))).toBe(Status.INTERNAL_FAILURE);
  expect(setProperty(properties, 'a', zeros(1))).toBe(Status.OK);
  for (let index = 1; index < 1024; index += 1) expect(setProperty(properties, `p${index}`, zeros(1))).toBe(Status.OK);
  expect(setProperty(properties, 'b', zeros(0))).toBe(Status.INTERNAL_FAILURE);
  expect(setProperty(properties, 'p1', zeros(9))).toBe(Status.OK);
});

test('contexts are counted in 32 bits, without 0 and those that are in use', () => {
  const used = new Set([1, 2, 0xffff_ffff]);
  const next = (last: number) => nextContextId(last, (id) => used.has(id));
  expect([next(0), next(7), next(0xffff_fffd), next(0xffff_fffe)]).toEqual([3, 8, 0xffff_fffe, 3]);
});

test('a plugin that is closed leaves no timer in a VM that goes on', async () => {
  const clock = fakeClock();
  let timers = 0;
  const counted = {
    ...clock,
    every(periodMs: number, run: () => void) {
      timers += 1;
      const stop = clock.every(periodMs, run);
      return () => {
        timers -= 1;
        stop();
      };
    },
  };
  const module = await loadModule(tickingModule());
  const shared = { module, process: new WasmProcess(), vmId: 'shared', clock: counted };
  const stays = await startPlugin({ ...shared, name: 'stays' });
  const goes = await startPlugin({ ...shared, name: 'goes' });
  expect(timers).toBe(2);
  goes.close();
  expect(timers).toBe(1);
  stays.close();
  expect(timers).toBe(0);
});

test('a period that no timer takes is a long one', async () => {
  let calls = 0;
  const stop = systemWasmClock.every(0xffff_ffff, () => (calls += 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  stop();
  expect(calls).toBe(0);
});

/** Sets a timer of a second when it is configured. */
function tickingModule(): Uint8Array<ArrayBuffer> {
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  const exported = [
    ...[...name('memory'), 2, 0, ...name('malloc'), 0, 1, ...name('proxy_abi_version_0_2_1'), 0, 2],
    ...[...name('proxy_on_configure'), 0, 3],
  ];
  return moduleOf(
    // i32 → i32, nothing → nothing, i32 i32 → i32
    [1, 3, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 0, 0x60, 2, 0x7f, 0x7f, 1, 0x7f],
    [2, 1, ...name('env'), ...name('proxy_set_tick_period_milliseconds'), 0, 0],
    [3, 3, 0, 1, 2],
    [5, 1, 0, 1],
    [7, 4, ...exported],
    [10, 3, 4, 0, 0x41, 0, 0x0b, 2, 0, 0x0b, 10, 0, 0x41, 0xe8, 0x07, 0x10, 0, 0x1a, 0x41, 1, 0x0b],
  );
}
