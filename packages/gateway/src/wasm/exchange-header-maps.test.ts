import { HeaderList } from '@heddle/wasm-host';
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../http/exchange.ts';
import { requestHeaderMap } from './exchange-header-maps.ts';

const pairs = [
  ['x-key', 'first'],
  ['x-key', 'second'],
  ['authorization', 'Bearer a'],
  ['authorization', 'Bearer b'],
  ['x-empty', ''],
  ['x-empty', 'more'],
] as const;

/** What the map asks of an exchange. */
const exchange = { requestHeaders: pairs.flat(), hasAuthority: true, authority: 'shop', path: '/' };

describe('requestHeaderMap', () => {
  const map = requestHeaderMap(exchange as unknown as Exchange, () => {});
  const emulated = new HeaderList([[':authority', 'shop'], ...pairs]);

  test.each([
    ['x-key', 'first'],
    ['X-Key', 'first'],
    ['authorization', 'Bearer a'],
    ['x-empty', ''],
    ['host', 'shop'],
    ['x-none', undefined],
  ])('tells of "%s" the first value, as the emulator does', (name, value) => {
    expect(map.get(name)).toBe(value);
    expect(emulated.get(name)).toBe(value);
  });

  test('tells all of them where all pairs are asked for', () => {
    expect(map.pairs().filter(([name]) => name === 'x-key')).toEqual(pairs.slice(0, 2));
  });

  test('adds to a joined header without losing the values behind the first', () => {
    const headers = ['accept', 'a', 'accept', 'b'];
    const joined = requestHeaderMap({ ...exchange, requestHeaders: headers } as unknown as Exchange, () => {});
    joined.add('accept', 'c');
    expect(headers).toEqual(['accept', 'a,b,c']);
  });
});
