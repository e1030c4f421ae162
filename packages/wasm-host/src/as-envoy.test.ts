import { describe, expect, test } from 'vitest';
import { Status } from './abi.ts';
import { BodyBuffer } from './guest-buffer.ts';
import { encodeText } from './guest-memory.ts';
import { HeaderList } from './header-map.ts';
import { latin1Text } from './header-pairs.ts';
import { formatLocalReply } from './local-reply.ts';
import { headerAttribute, setPropertyName } from './stream-attributes.ts';

const request = () =>
  new HeaderList([
    [':authority', 'a'],
    [':path', '/p?q=1'],
    ['x-twice', 'one'],
    ['x-twice', 'two'],
    ['x-last', 'l'],
  ]);

describe('HeaderList', () => {
  test('shows the first of several values', () => expect(request().get('X-Twice')).toBe('one'));

  test('puts what is replaced behind all others', () => {
    const map = request();
    map.replace('x-twice', 'once');
    expect(map.pairs().slice(2)).toEqual([
      ['x-last', 'l'],
      ['x-twice', 'once'],
    ]);
  });

  test('keeps pseudo-headers before all others, each once, with the host among them', () => {
    const map = request();
    map.add(':path', '/more');
    map.replace('host', 'b');
    expect(map.pairs().slice(0, 2)).toEqual([
      [':path', '/p?q=1,/more'],
      [':authority', 'b'],
    ]);
    expect(map.get('host')).toBe('b');
  });
});

test.each([
  { start: 0, length: 0, made: 'NEWbody' },
  { start: 0, length: 1, made: 'NEWody' },
  { start: 0, length: 9, made: 'NEW' },
  { start: 4, length: 0, made: 'bodyNEW' },
  { start: 1, length: 1, made: undefined },
])('BodyBuffer.write at $start, $length', ({ start, length, made }) => {
  const buffer = new BodyBuffer(encodeText('body'));
  expect(buffer.write(start, length, encodeText('NEW'))).toBe(made === undefined ? Status.BAD_ARGUMENT : Status.OK);
  expect(latin1Text(buffer.bytes)).toBe(made ?? 'body');
});

test('headerAttribute answers for headers only while they may be seen', () => {
  const gone = { request: undefined, response: undefined, responseTrailers: undefined };
  const seen = { ...gone, request: request() };
  const text = (path: readonly string[], visible: typeof gone | typeof seen) => {
    const found = headerAttribute(path, visible);
    return found instanceof Uint8Array ? latin1Text(found) : found;
  };
  expect(text(['request', 'url_path'], seen)).toBe('/p');
  expect(text(['request', 'query'], seen)).toBe('q=1');
  expect(text(['request', 'headers', 'x-twice'], seen)).toBe('one,two');
  expect(text(['request', 'path'], gone)).toBeUndefined();
  expect(text(['request', 'headers'], gone)).toBe('\0\0\0\0');
  expect(text(['request'], seen)).toBe(Status.SERIALIZATION_FAILURE);
  expect(text(['route_name'], seen)).toBeUndefined();
  expect(text(['xds', 'route_name'], seen)).toBe('stream');
});

test('setPropertyName finds what modules have set, and no attribute', () => {
  expect(setPropertyName(['mine'])).toBe('mine');
  expect(setPropertyName(['filter_state', 'wasm.mine'])).toBe('mine');
  expect(setPropertyName(['request'])).toBeUndefined();
});

test('formatLocalReply drops pseudo-headers of the module', () => {
  const reply = { status: 400, details: '', body: new Uint8Array(), grpcStatus: undefined };
  expect(formatLocalReply({ ...reply, headers: [[':status', '500']] }).headers.pairs()).toEqual([[':status', '400']]);
});
