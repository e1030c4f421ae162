import { create } from '@bufbuild/protobuf';
import { HeaderValueOptionSchema } from '@heddle/envoy-api/core';
import { describe, expect, test } from 'vitest';
import { applyHeaderMutations, compileHeaderMutations } from './header-mutation.ts';
import { addHeader, firstHeader, headerValues, joinedHeader, removeHeader, setHeader } from './raw-headers.ts';

const APPEND = 0;
const ADD_IF_ABSENT = 1;
const OVERWRITE_OR_ADD = 2;
const OVERWRITE = 3;

function apply(
  headers: string[],
  add: [string, string, number][],
  remove: string[] = [],
  keepEmptyValue = false,
): string[] {
  const options = add.map(([key, value, appendAction]) =>
    create(HeaderValueOptionSchema, { header: { key, value }, appendAction, keepEmptyValue }),
  );
  const mutations = compileHeaderMutations(options, remove);
  if (mutations === undefined) throw new Error('nothing to do');
  applyHeaderMutations(headers, mutations, { requestHeader: (name) => firstHeader(headers, name) }, 'request');
  return headers;
}

describe('applyHeaderMutations', () => {
  test.each([
    ['appends a line', ['x', '1'], [['X', '2', APPEND]], [], ['x', '1', 'x', '2']],
    ['lengthens a joined header', ['user-agent', '1'], [['User-Agent', '2', APPEND]], [], ['user-agent', '1,2']],
    ['adds what is absent', ['y', '1'], [['x', '2', ADD_IF_ABSENT]], [], ['y', '1', 'x', '2']],
    ['leaves what is there', ['x', '1'], [['x', '2', ADD_IF_ABSENT]], [], ['x', '1']],
    ['overwrites every value', ['x', '1', 'x', '2'], [['x', '3', OVERWRITE_OR_ADD]], [], ['x', '3']],
    ['overwrites only what exists', ['y', '1'], [['x', '3', OVERWRITE]], [], ['y', '1']],
    ['removes before it formats', ['x', '1'], [['y', '[%REQ(x)%]', APPEND]], ['X'], ['y', '[]']],
    [
      'overwrites before it appends',
      ['x', '1'],
      [
        ['x', '2', APPEND],
        ['x', '3', OVERWRITE_OR_ADD],
      ],
      [],
      ['x', '3', 'x', '2'],
    ],
    ['leaves out an empty value', ['y', '1'], [['x', '', APPEND]], [], ['y', '1']],
  ] as [string, string[], [string, string, number][], string[], string[]][])(
    '%s',
    (_, headers, add, remove, wanted) => {
      expect(apply(headers, add, remove)).toEqual(wanted);
    },
  );

  test('keeps an empty value when asked', () => {
    expect(apply([], [['x', '', APPEND]], [], true)).toEqual(['x', '']);
  });

  test('writes text as the bytes of its UTF-8 form', () => {
    expect(apply([], [['x', 'é', APPEND]])).toEqual(['x', '\xc3\xa9']);
  });

  test.each([':path', 'Host', ''])('refuses to change "%s"', (name) => {
    expect(() => compileHeaderMutations([], [name])).toThrow('cannot be changed');
  });
});

describe('raw headers', () => {
  test('are read and changed in place', () => {
    const headers = ['a', '1', 'b', '2', 'a', '3'];
    expect(joinedHeader(headers, 'a')).toBe('1,3');
    expect(headerValues(headers, 'a')).toEqual(['1', '3']);
    expect(firstHeader(headers, 'c')).toBeUndefined();
    setHeader(headers, 'a', '4');
    addHeader(headers, 'b', '5', 'request');
    expect(headers).toEqual(['b', '2', 'a', '4', 'b', '5']);
    removeHeader(headers, 'b');
    expect(headers).toEqual(['a', '4']);
  });
});
