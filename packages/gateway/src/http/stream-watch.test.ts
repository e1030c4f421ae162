import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Exchange, type ResponseWriter } from './exchange.ts';
import { StreamWatch } from './stream-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const writer: ResponseWriter = { informational() {}, head() {}, write: () => true, end() {}, reset() {} };
const connection = { remoteAddress: '', remotePort: 0, localAddress: '', localPort: 0, secure: false };

function exchange(path: string): Exchange {
  const request = { method: 'GET', scheme: 'http', authority: '', path, headers: [], body: undefined };
  return new Exchange(connection, 'HTTP/1.1', writer, request);
}

test('StreamWatch calls each idle exchange once, whoever else comes and goes', () => {
  const idle: string[] = [];
  const watch = new StreamWatch(({ path }) => void idle.push(path));
  const [first, second, third] = [exchange('first'), exchange('second'), exchange('third')];
  for (const one of [first, second, third]) watch.watch(one, 1000);
  watch.unwatch(third);
  watch.unwatch(second);
  watch.unwatch(second);
  watch.watch(second, 3000);
  vi.advanceTimersByTime(1200);
  expect(idle).toEqual(['first']);
  vi.advanceTimersByTime(5000);
  expect(idle).toEqual(['first', 'second']);
});

test('StreamWatch counts from the last activity', () => {
  const idle: string[] = [];
  const watch = new StreamWatch(({ path }) => void idle.push(path));
  const one = exchange('one');
  watch.watch(one, 1000);
  for (let i = 0; i < 10; i++) {
    vi.advanceTimersByTime(900);
    one.received(1);
  }
  expect(idle).toEqual([]);
  vi.advanceTimersByTime(1200);
  expect(idle).toEqual(['one']);
});

test('StreamWatch watches a short time-out beside a long one', () => {
  const idle: string[] = [];
  const watch = new StreamWatch(({ path }) => void idle.push(path));
  watch.watch(exchange('long'), 60_000);
  watch.watch(exchange('short'), 100);
  vi.advanceTimersByTime(120);
  expect(idle).toEqual(['short']);
});
