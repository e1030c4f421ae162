import { expect, test } from 'vitest';
import { Status } from './abi.ts';
import { WasmProcess } from './wasm-process.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('shared data belongs to one vm_id and is replaced by who knows its number', () => {
  const process = new WasmProcess();
  const data = process.sharedData('a');
  expect(data.set('k', bytes('1'), 77)).toBe(Status.OK);
  expect(process.sharedData('b').get('k')).toBeUndefined();
  const first = process.sharedData('a').get('k');
  expect(first?.value).toEqual(bytes('1'));
  expect(data.set('k', bytes('2'), (first?.cas ?? 0) + 1)).toBe(Status.CAS_MISMATCH);
  expect(data.set('k', bytes('2'), first?.cas ?? 0)).toBe(Status.OK);
  expect(data.set('k', bytes('3'), first?.cas ?? 0)).toBe(Status.CAS_MISMATCH);
  expect(data.set('k', bytes('4'), 0)).toBe(Status.OK);
  expect(data.get('k')?.value).toEqual(bytes('4'));
});

test('a queue gives its items in order and tells who opened it last', () => {
  const { queues } = new WasmProcess();
  const told: string[] = [];
  const token = queues.register('vm', 'q', () => told.push('first'));
  expect(queues.register('vm', 'other', () => {})).not.toBe(token);
  expect(queues.resolve('vm', 'q')).toBe(token);
  expect(queues.resolve('another', 'q')).toBeUndefined();
  queues.enqueue(token, bytes('1'));
  expect(queues.register('vm', 'q', () => told.push('second'))).toBe(token);
  queues.enqueue(token, bytes('2'));
  expect(told).toEqual(['first', 'second']);
  expect([queues.dequeue(token), queues.dequeue(token), queues.dequeue(token)]).toEqual([
    bytes('1'),
    bytes('2'),
    Status.EMPTY,
  ]);
  expect(queues.enqueue(99, bytes('3'))).toBe(Status.NOT_FOUND);
  expect(queues.dequeue(99)).toBe(Status.NOT_FOUND);
});
