import { beforeAll, describe, expect, test } from 'vitest';
import { compileTestModule } from '../../test/compile-test-module.ts';
import { Status } from '../abi.ts';
import type { ForeignFunction } from '../foreign-functions.ts';
import { encodePairs, latin1Text } from '../header-pairs.ts';
import { writeFields } from '../protobuf-fields.ts';
import { createFilter, type FilterOptions, type RequestInit } from '../testing/emulated-filter.ts';
import { celForeignFunctions } from './foreign-functions.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  wasm = await compileTestModule('foreign');
}, 60_000);

const utf8 = (text: string) => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const {
  expr_create: make,
  expr_evaluate: evaluate,
  expr_delete: forget,
} = celForeignFunctions as Record<'expr_create' | 'expr_evaluate' | 'expr_delete', ForeignFunction>;

/** Makes an expression, evaluates it and forgets it, as one function. */
const ask: ForeignFunction = (args, context, caller) => {
  const made = make(args, context, caller);
  if (made.status !== Status.OK) return made;
  const token = Uint8Array.from(made.result);
  const answer = evaluate(token, context, caller);
  forget(token, context, caller);
  return answer;
};

/** What an expression gives for a request: the status, or its bytes as Latin-1 text. */
async function valueOf(expression: string, request: RequestInit = {}, options: Partial<FilterOptions> = {}) {
  const filter = await createFilter({ wasm, foreignFunctions: { ask }, ...options });
  const headers = { ...(request.headers as Record<string, string>), args: hex(utf8(expression)) };
  const { body } = await filter.request({ ...request, path: '/ask', headers });
  filter.close();
  const [status, bytes = ''] = body.split(' ');
  return status === '0' ? latin1Text(Uint8Array.from(Buffer.from(bytes, 'hex'))) : Number(status);
}

const TRUE = '\x01';
const FALSE = '\0';
const i64 = (value: bigint) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return latin1Text(bytes);
};
const f64 = (value: number) => latin1Text(new Uint8Array(Float64Array.of(value).buffer));

describe('expr_evaluate', () => {
  test.each([
    { expression: 'request.path', value: '/ask' },
    { expression: "request.method + ' ' + request.host", value: 'GET test' },
    { expression: "request.headers['X-Twice'] + '.'", value: 'a,b.' },
    { expression: "'x-twice' in request.headers && !('absent' in request.headers)", value: TRUE },
    { expression: 'has(request.headers.absent)', value: FALSE },
    { expression: 'request.time + duration("1s") > request.time', value: TRUE },
    { expression: 'has(request.duration)', value: FALSE },
    { expression: 'connection.mtls ? 1 : 2', value: i64(2n) },
    { expression: 'connection.id + 1u', value: i64(2n) },
    { expression: 'source.port - 1', value: i64(49_999n) },
    { expression: 'plugin_name + "!"', value: 'test!' },
    { expression: 'request.absent', value: Status.INTERNAL_FAILURE },
    { expression: 'absent', value: Status.INTERNAL_FAILURE },
    { expression: 'has(absent.field)', value: Status.INTERNAL_FAILURE },
    { expression: 'absent || true', value: TRUE },
    { expression: '[1].all(absent, absent == 1)', value: TRUE },
    { expression: 'response.code > 200', value: Status.INTERNAL_FAILURE },
    { expression: 'request', value: Status.SERIALIZATION_FAILURE },
  ])('$expression is what the request says', async ({ expression, value }) => {
    const headers = { 'x-twice': ['a', 'b'] };
    expect(await valueOf(expression, { headers: headers as unknown as Record<string, string> })).toBe(value);
  });

  test.each([
    { expression: '"täxt"', value: latin1Text(utf8('täxt')) },
    { expression: 'b"\\x00\\xff"', value: '\0\xff' },
    { expression: '-1', value: i64(-1n) },
    { expression: '18446744073709551615u', value: i64(-1n) },
    { expression: '1.5', value: f64(1.5) },
    { expression: 'duration("-1.5s")', value: i64(-1_500_000_000n) },
    { expression: 'timestamp("1969-12-31T23:59:59.5Z")', value: i64(-500_000_000n) },
    { expression: 'timestamp("9999-12-31T23:59:59Z")', value: i64(2n ** 63n - 1n) },
    {
      expression: '["a", "b"]',
      value: latin1Text(
        encodePairs([
          ['a', ''],
          ['b', ''],
        ]),
      ),
    },
    { expression: '{"a": "b"}', value: latin1Text(encodePairs([['a', 'b']])) },
    { expression: '{}', value: '\0\0\0\0' },
    { expression: 'null', value: Status.SERIALIZATION_FAILURE },
    { expression: '[null]', value: Status.SERIALIZATION_FAILURE },
    { expression: 'type(1)', value: Status.SERIALIZATION_FAILURE },
    { expression: '9223372036854775807 + 1', value: Status.INTERNAL_FAILURE },
    { expression: 'matches("abc", "^a") && "abc".matches("b")', value: TRUE },
    { expression: '"abc".matches("(?=a)")', value: Status.INTERNAL_FAILURE },
    { expression: '1 // a comment', value: i64(1n) },
  ])('$expression is written as Envoy writes it', async ({ expression, value }) => {
    expect(await valueOf(expression)).toBe(value);
  });

  const struct = writeFields([
    [
      1,
      writeFields([
        [1, utf8('zone')],
        [2, writeFields([[3, utf8('a')]])],
      ]),
    ],
  ]);
  const metadata = writeFields([
    [
      1,
      writeFields([
        [1, utf8('heddle')],
        [2, struct],
      ]),
    ],
  ]);
  const node = writeFields([
    [1, utf8('the-node')],
    [3, struct],
    [4, writeFields([[2, utf8('z1')]])],
  ]);
  test.each([
    { expression: 'metadata.filter_metadata.heddle.zone + "!"', value: 'a!' },
    { expression: '"absent" in metadata.filter_metadata', value: FALSE },
    { expression: 'metadata', value: latin1Text(metadata) },
    {
      expression: 'xds.node.id + xds.node.metadata.zone + xds.node.locality.zone + xds.node.cluster',
      value: 'the-nodeaz1',
    },
    { expression: 'xds.node.absent', value: Status.INTERNAL_FAILURE },
  ])('$expression reads a message', async ({ expression, value }) => {
    expect(await valueOf(expression, {}, { properties: { metadata, 'xds.node': node } })).toBe(value);
  });

  test('knows an expression by its number, and forgets it', async () => {
    const statuses: (number | string)[] = [];
    const all: ForeignFunction = (_args, context, caller) => {
      const create = (text: string) => make(utf8(text), context, caller);
      const [first, second] = [create('1'), create('2')];
      statuses.push(hex(first.result), hex(second.result));
      const token = Uint8Array.from(second.result);
      statuses.push(hex(evaluate(token, context, caller).result));
      statuses.push(forget(token, context, caller).status, evaluate(token, context, caller).status);
      statuses.push(forget(token, context, caller).status, evaluate(utf8('x'), context, caller).status);
      statuses.push(forget(utf8('x'), context, caller).status);
      return { status: Status.OK, result: new Uint8Array() };
    };
    const filter = await createFilter({ wasm, foreignFunctions: { all } });
    await filter.request({ path: '/all' });
    expect(statuses).toEqual(['00000000', '01000000', '0200000000000000', 0, 1, 0, 2, 2]);
  });

  test('is not for the expressions of another plugin', async () => {
    const tokens: Uint8Array<ArrayBuffer>[] = [];
    const create: ForeignFunction = (args, context, caller) => {
      const made = make(args, context, caller);
      tokens.push(Uint8Array.from(made.result));
      return made;
    };
    const use: ForeignFunction = (_args, context, caller) => evaluate(tokens[0] ?? new Uint8Array(), context, caller);
    const [one, other] = [
      await createFilter({ wasm, foreignFunctions: { create, use } }),
      await createFilter({ wasm, foreignFunctions: { create, use } }),
    ];
    await one.request({ path: '/create', headers: { args: hex(utf8('true')) } });
    expect((await one.request({ path: '/use' })).body).toBe('0 01');
    expect((await other.request({ path: '/use' })).body).toBe('1 ');
  });

  test.each([
    {
      what: 'repetitions within repetitions',
      expression: `${'[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(x, '.repeat(12)}true${')'.repeat(12)}`,
    },
    {
      what: 'texts matched again and again',
      expression: '[1, 2, 3, 4].all(x, [1, 2, 3, 4].all(y, request.headers.long.matches("(a{1,50}){1,20}b")))',
    },
  ])('does not go on for ever with $what', async ({ expression }) => {
    const headers = { long: 'a'.repeat(60_000) };
    expect(await valueOf(expression, { headers })).toBe(Status.INTERNAL_FAILURE);
  });
});

describe('expr_create', () => {
  test.each([
    { what: 'nothing', expression: '' },
    { what: 'half a sum', expression: '1 +' },
    { what: 'a dot at the end', expression: 'request.' },
    { what: 'a function that is not there', expression: 'absent(1)' },
    { what: 'a function of an extension', expression: '"a".lowerAscii()' },
    { what: 'a function with too many arguments', expression: 'size(1, 2)' },
    { what: 'a message that is not there', expression: 'Absent{}' },
    { what: 'a macro used wrongly', expression: 'has(1)' },
    { what: 'a text without an end', expression: '"unclosed' },
    { what: 'too many brackets', expression: '('.repeat(9000) },
    { what: 'what is too long', expression: `1 // ${'x'.repeat(16_384)}` },
  ])('refuses $what', async ({ expression }) => {
    expect(await valueOf(expression)).toBe(Status.BAD_ARGUMENT);
  });

  test('refuses what is not UTF-8', async () => {
    const filter = await createFilter({ wasm });
    expect((await filter.request({ path: '/expr_create', headers: { args: '22ff22' } })).body).toBe('2 ');
  });

  test('keeps so many expressions of a plugin, and another when one is deleted', async () => {
    const statuses: number[] = [];
    const all: ForeignFunction = (_args, context, caller) => {
      const create = () => make(utf8('1'), context, caller);
      const refused = Array.from({ length: 10_000 }, create).filter(({ status }) => status !== Status.OK);
      statuses.push(refused.length, create().status);
      statuses.push(forget(Uint8Array.of(7, 0, 0, 0), context, caller).status);
      statuses.push(create().status, create().status);
      return { status: Status.OK, result: new Uint8Array() };
    };
    const filter = await createFilter({ wasm, foreignFunctions: { all } });
    await filter.request({ path: '/all' });
    expect(statuses).toEqual([0, Status.INTERNAL_FAILURE, Status.OK, Status.OK, Status.INTERNAL_FAILURE]);
  });

  test('is in the emulator by itself', async () => {
    const filter = await createFilter({ wasm });
    expect((await filter.request({ path: '/expr_create', headers: { args: hex(utf8('1')) } })).body).toBe('0 00000000');
  });
});
