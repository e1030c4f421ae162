import { beforeEach, describe, expect, test } from 'vitest';
import { Status } from './abi.ts';
import type { GuestContext } from './context.ts';
import { BodyBuffer, constantBuffer } from './guest-buffer.ts';
import { encodeText, GuestMemory } from './guest-memory.ts';
import { HeaderList, ReadOnlyHeaders } from './header-map.ts';
import { decodePairs, encodePairs, type HeaderPair, latin1Text } from './header-pairs.ts';
import { type HostcallTarget, hostcalls } from './hostcalls.ts';
import { Metrics } from './metrics.ts';
import { SharedData } from './shared-data.ts';

const MEMORY_BYTES = 64 * 1024;
/** Where no module has memory, and where one that counts in 32 bits comes round. */
const NOWHERE = -16;

/** What stands in for an argument: bytes of the module (a pointer and a length), a place for an answer (a pointer), or a number. */
type Argument = { readonly in: string | Uint8Array } | { readonly out: keyof typeof READERS } | number | bigint;

const text = (value: string): Argument => ({ in: value });
const pairs = (...list: HeaderPair[]): Argument => ({ in: encodePairs(list) });
const u32: Argument = { out: 'u32' };
const u64: Argument = { out: 'u64' };
/** A pointer and a size: two places, of which the first is named for both. */
const given: readonly Argument[] = [{ out: 'given' }, { out: 'size' }];

let memory: GuestMemory;
let wasm: WebAssembly.Memory;
let next: number;
let seen: unknown[];
let deferred: (() => void)[];
let isLogging: boolean;
let hasMemoryToGive: boolean;
let request: HeaderList;
let body: BodyBuffer;
let metrics: Metrics;
let data: SharedData;

const READERS = {
  u32: (at: number) => memory.readU32(at),
  u64: (at: number) => new DataView(wasm.buffer).getBigUint64(at, true),
  given: (at: number) => latin1Text(memory.bytes(memory.readU32(at), memory.readU32(at + 8))),
  size: () => undefined,
};

beforeEach(() => {
  wasm = new WebAssembly.Memory({ initial: 1 });
  memory = new GuestMemory();
  memory.attach(wasm);
  next = 16 * 1024;
  seen = [];
  deferred = [];
  isLogging = false;
  hasMemoryToGive = true;
  request = new HeaderList([
    [':path', '/p'],
    ['x-twice', 'one'],
    ['x-twice', 'two'],
  ]);
  body = new BodyBuffer(encodeText('0123456789'));
  metrics = new Metrics();
  data = new SharedData();
});

function note(...what: unknown[]): void {
  seen.push(what.map((part) => (part instanceof Uint8Array ? latin1Text(part) : part)));
}

const context: GuestContext = {
  id: 2,
  rootId: 1,
  get isLogging() {
    return isLogging;
  },
  headerMap: () => undefined,
  buffer: () => undefined,
  property: (path) => (path.join('/') === 'a/b' ? encodeText('value') : undefined),
  setProperty: (key, value) => {
    note('property', key, value);
    return Status.OK;
  },
  continueStream: (type) => note('continue', type),
  closeStream: (type) => note('close', type),
  sendLocalReply: ({ status, details, body: sent, headers, grpcStatus }) =>
    note('reply', status, details, latin1Text(sent), headers, grpcStatus),
  clearRouteCache: () => note('route'),
  declareProperty: () => Status.OK,
  isTextProperty: () => false,
  setFilterState: () => Status.OK,
};

function target(abiVersion: string): HostcallTarget {
  return {
    memory,
    abiVersion,
    logLevel: 3,
    metrics,
    sharedData: data,
    spend: () => {},
    active: () => context,
    allocate(length) {
      if (!hasMemoryToGive) return 0;
      next += length;
      return next - length;
    },
    defer: (action) => void deferred.push(action),
    stopIteration: () => note('stop'),
    setEffectiveContext: (id) => id === 2,
    headerMap: (type) =>
      type === 0 ? request : type === 2 ? new ReadOnlyHeaders(new HeaderList([['x-read', 'only']])) : undefined,
    buffer: (type) => (type === 0 ? body : type === 7 ? constantBuffer(encodeText('configuration')) : undefined),
    log: (level, message) => note('log', level, message),
    nowNs: () => 1_700_000_000_123_456_789n,
    setTickPeriod: (milliseconds) => note('tick', milliseconds),
    done: () => Status.NOT_FOUND,
    registerQueue: (name) => (name === 'queue' ? 7 : 0),
    resolveQueue: (vmId, name) => (vmId === 'vm' && name === 'queue' ? 7 : undefined),
    enqueue(token, item) {
      note('enqueue', token, item);
      return Status.OK;
    },
    dequeue: (token) => (token === 7 ? encodeText('item') : Status.EMPTY),
    httpCall(cluster, headers, sent, trailers, timeoutMs) {
      note('http', cluster, headers, latin1Text(sent), trailers, timeoutMs);
      return cluster === 'known' ? { token: 4 } : Status.BAD_ARGUMENT;
    },
    grpcCall(service, serviceName, methodName, metadata, message, timeoutMs) {
      note('grpc', latin1Text(service), serviceName, methodName, metadata, message && latin1Text(message), timeoutMs);
      return serviceName === 'known' ? { token: 5 } : Status.INTERNAL_FAILURE;
    },
    grpcSend(token, message, endOfStream) {
      note('send', token, message, endOfStream);
      return Status.OK;
    },
    grpcClose(token) {
      note('half-close', token);
      return Status.OK;
    },
    grpcCancel(token) {
      note('cancel', token);
      return Status.OK;
    },
    grpcStatus: { code: 14, message: 'gone' },
    foreignCaller: () => ({ context, root: context }),
    foreignFunction: (name) =>
      name === 'echo'
        ? (args, of) => ({ status: Status.OK, result: encodeText(`${latin1Text(args)} of ${of.id}`) })
        : undefined,
    pluginConfiguration: () => encodeText('configuration'),
  };
}

interface Made {
  readonly status: number;
  /** What stands where answers were wanted, in that order. */
  readonly out: readonly unknown[];
}

/** Makes a call. `at` names, for one argument by its index, a number to pass in place of the right one. */
function make(
  name: string,
  args: readonly Argument[],
  at: ReadonlyMap<number, number> = new Map(),
  abi = '0.2.1',
): Made {
  let place = 1024;
  const numbers: (number | bigint)[] = [];
  const places: [keyof typeof READERS, number][] = [];
  for (const argument of args) {
    if (typeof argument === 'object' && 'in' in argument) {
      const bytes = typeof argument.in === 'string' ? encodeText(argument.in) : argument.in;
      memory.write(place, bytes);
      numbers.push(place, bytes.length);
      place += bytes.length + 8;
    } else if (typeof argument === 'object') {
      place += -place & 7;
      // What is left there before must not pass for an answer.
      memory.writeU64(place, 0xeeee_eeee_eeee_eeeen);
      numbers.push(place);
      places.push([argument.out, place]);
      place += 8;
    } else {
      numbers.push(argument);
    }
  }
  for (const [index, number] of at) numbers[index] = number;
  const call = hostcalls(target(abi))[name] as ((...args: (number | bigint)[]) => number) | undefined;
  if (call === undefined) throw new Error(`there is no "${name}"`);
  const status = call(...numbers);
  const out =
    status === Status.OK
      ? places.map(([reader, where]) => READERS[reader](where)).filter((it) => it !== undefined)
      : [];
  for (const action of deferred.splice(0)) action();
  return { status, out };
}

interface Case {
  readonly call: string;
  readonly args: readonly Argument[];
  readonly status?: number;
  readonly out?: readonly unknown[];
  readonly seen?: readonly unknown[];
  readonly abi?: string;
}

const reply = [text('details'), text('body'), pairs(['x-a', '1'])];
const httpCall = [pairs([':path', '/']), text('body'), pairs(['t', '1'])];
const grpcCall = [text('service'), text('known'), text('Method'), pairs(['m', '1'])];
const BAD = Status.BAD_ARGUMENT;
const ABSENT = Status.NOT_FOUND;

const CASES: readonly Case[] = [
  { call: 'proxy_log', args: [5, text('né')], seen: [['log', 5, 'né']] },
  { call: 'proxy_log', args: [6, text('x')], status: BAD },
  { call: 'proxy_log', args: [-1, text('x')], status: BAD },
  { call: 'proxy_get_log_level', args: [u32], out: [3] },
  { call: 'proxy_get_current_time_nanoseconds', args: [u64], out: [1_700_000_000_123_456_789n] },
  { call: 'proxy_set_tick_period_milliseconds', args: [-1], seen: [['tick', 0xffff_ffff]] },
  { call: 'proxy_set_effective_context', args: [2] },
  { call: 'proxy_set_effective_context', args: [3], status: BAD },
  { call: 'proxy_done', args: [], status: ABSENT },
  { call: 'proxy_get_property', args: [text('a\0b'), ...given], out: ['value'] },
  { call: 'proxy_get_property', args: [text('a\0b\0'), ...given], out: ['value'] },
  { call: 'proxy_get_property', args: [text('a'), ...given], status: ABSENT },
  { call: 'proxy_get_property', args: [text(''), ...given], status: Status.SERIALIZATION_FAILURE },
  { call: 'proxy_set_property', args: [text('k'), text('v')], seen: [['property', 'k', 'v']] },

  { call: 'proxy_get_header_map_value', args: [0, text('X-Twice'), ...given], out: ['one'] },
  { call: 'proxy_get_header_map_value', args: [0, text('x-none'), ...given], status: ABSENT },
  { call: 'proxy_get_header_map_value', args: [0, text('x-none'), ...given], abi: '0.1.0', out: [''] },
  { call: 'proxy_get_header_map_value', args: [1, text('x'), ...given], status: BAD },
  { call: 'proxy_get_header_map_value', args: [8, text('x'), ...given], status: BAD },
  { call: 'proxy_get_header_map_size', args: [0, u32], out: [27] },
  { call: 'proxy_get_header_map_size', args: [1, u32], status: BAD },
  { call: 'proxy_get_header_map_size', args: [2, u32], status: BAD },
  { call: 'proxy_get_header_map_size', args: [8, u32], status: BAD },
  { call: 'proxy_get_header_map_pairs', args: [1, ...given], out: [''] },
  { call: 'proxy_get_header_map_pairs', args: [8, ...given], status: BAD },
  { call: 'proxy_set_header_map_pairs', args: [0, pairs(['X-New', '1'])], seen: [] },
  { call: 'proxy_set_header_map_pairs', args: [2, pairs(['x', '1'])], status: BAD },
  { call: 'proxy_set_header_map_pairs', args: [-1, pairs(['x', '1'])], status: BAD },
  { call: 'proxy_add_header_map_value', args: [1, text('k'), text('v')], status: BAD },
  { call: 'proxy_add_header_map_value', args: [2, text('k'), text('v')], status: BAD },
  { call: 'proxy_add_header_map_value', args: [8, text('k'), text('v')], status: BAD },
  { call: 'proxy_add_header_map_value', args: [0, text('k'), text('v')] },
  { call: 'proxy_replace_header_map_value', args: [2, text('k'), text('v')], status: BAD },
  { call: 'proxy_replace_header_map_value', args: [8, text('k'), text('v')], status: BAD },
  { call: 'proxy_replace_header_map_value', args: [0, text('k'), text('v')] },
  { call: 'proxy_remove_header_map_value', args: [2, text('k')], status: BAD },
  { call: 'proxy_remove_header_map_value', args: [8, text('k')], status: BAD },
  { call: 'proxy_remove_header_map_value', args: [0, text('x-twice')] },

  { call: 'proxy_get_buffer_bytes', args: [0, 2, 3, ...given], out: ['234'] },
  { call: 'proxy_get_buffer_bytes', args: [0, 8, -1, ...given], out: ['89'] },
  { call: 'proxy_get_buffer_bytes', args: [0, 11, 3, ...given], out: [''] },
  { call: 'proxy_get_buffer_bytes', args: [0, -1, -1, ...given], out: [''] },
  { call: 'proxy_get_buffer_bytes', args: [4, 0, 1, ...given], status: ABSENT },
  { call: 'proxy_get_buffer_bytes', args: [9, 0, 1, ...given], status: BAD },
  { call: 'proxy_get_buffer_status', args: [0, u32, u32], out: [10, 0] },
  { call: 'proxy_get_buffer_status', args: [4, u32, u32], status: ABSENT },
  { call: 'proxy_get_buffer_status', args: [9, u32, u32], status: BAD },
  { call: 'proxy_set_buffer_bytes', args: [0, 0, 0, text('new')] },
  { call: 'proxy_set_buffer_bytes', args: [0, 3, 1, text('new')], status: BAD },
  { call: 'proxy_set_buffer_bytes', args: [7, 0, 1, text('new')], status: BAD },
  { call: 'proxy_set_buffer_bytes', args: [4, 0, 1, text('new')], status: ABSENT },
  { call: 'proxy_set_buffer_bytes', args: [9, 0, 1, text('new')], status: BAD },

  {
    call: 'proxy_send_local_response',
    args: [403, ...reply, -1],
    seen: [['stop'], ['reply', 403, 'details', 'body', [['x-a', '1']], undefined]],
  },
  {
    call: 'proxy_send_local_response',
    args: [403, ...reply, 7],
    seen: [['stop'], ['reply', 403, 'details', 'body', [['x-a', '1']], 7]],
  },
  {
    call: 'proxy_http_call',
    args: [text('known'), ...httpCall, 250, u32],
    out: [4],
    seen: [['http', 'known', [[':path', '/']], 'body', [['t', '1']], 250]],
  },
  { call: 'proxy_http_call', args: [text('known'), ...httpCall, -1, u32], status: BAD, seen: [] },
  { call: 'proxy_http_call', args: [text('none'), ...httpCall, 1, u32], status: BAD },
  {
    call: 'proxy_grpc_call',
    args: [...grpcCall, text('message'), 250, u32],
    out: [5],
    seen: [['grpc', 'service', 'known', 'Method', [['m', '1']], 'message', 250]],
  },
  {
    call: 'proxy_grpc_call',
    args: [text('s'), text('none'), text('M'), pairs(), text(''), 1, u32],
    status: Status.INTERNAL_FAILURE,
  },
  {
    call: 'proxy_grpc_stream',
    args: [...grpcCall, u32],
    out: [5],
    seen: [['grpc', 'service', 'known', 'Method', [['m', '1']], undefined, 0]],
  },
  {
    call: 'proxy_grpc_stream',
    args: [text('s'), text('none'), text('M'), pairs(), u32],
    status: Status.INTERNAL_FAILURE,
  },
  { call: 'proxy_grpc_send', args: [6, text('message'), 0], seen: [['send', 6, 'message', false]] },
  { call: 'proxy_grpc_send', args: [6, text('message'), 1], seen: [['send', 6, 'message', true]] },
  { call: 'proxy_grpc_close', args: [6], seen: [['half-close', 6]] },
  { call: 'proxy_grpc_cancel', args: [6], seen: [['cancel', 6]] },
  { call: 'proxy_get_status', args: [u32, ...given], out: [14, 'gone'] },

  { call: 'proxy_get_shared_data', args: [text('none'), ...given, u32], status: ABSENT },
  { call: 'proxy_set_shared_data', args: [text('k'), text('v'), 0] },
  { call: 'proxy_register_shared_queue', args: [text('queue'), u32], out: [7] },
  { call: 'proxy_resolve_shared_queue', args: [text('vm'), text('queue'), u32], out: [7] },
  { call: 'proxy_resolve_shared_queue', args: [text('queue'), text('vm'), u32], status: ABSENT },
  { call: 'proxy_enqueue_shared_queue', args: [7, text('item')], seen: [['enqueue', 7, 'item']] },
  { call: 'proxy_dequeue_shared_queue', args: [7, ...given], out: ['item'] },
  { call: 'proxy_dequeue_shared_queue', args: [8, ...given], status: Status.EMPTY },

  { call: 'proxy_define_metric', args: [1, text('gauge'), u32], out: [5] },
  { call: 'proxy_define_metric', args: [3, text('none'), u32], status: BAD },
  { call: 'proxy_increment_metric', args: [400, 1n], status: ABSENT },
  { call: 'proxy_record_metric', args: [400, 1n], status: ABSENT },
  { call: 'proxy_get_metric', args: [400, u64], status: ABSENT },
  { call: 'proxy_get_metric', args: [402, u64], status: BAD },

  { call: 'proxy_call_foreign_function', args: [text('echo'), text('args'), ...given], out: ['args of 2'] },
  { call: 'proxy_call_foreign_function', args: [text('none'), text('args'), ...given], status: ABSENT },

  { call: 'proxy_continue_stream', args: [1], seen: [['continue', 1]] },
  { call: 'proxy_continue_stream', args: [3], status: Status.UNIMPLEMENTED, seen: [] },
  { call: 'proxy_continue_stream', args: [4], status: BAD, seen: [] },
  { call: 'proxy_close_stream', args: [3], seen: [['close', 3]] },
  { call: 'proxy_close_stream', args: [4], status: BAD, seen: [] },
  { call: 'proxy_get_configuration', args: given, abi: '0.1.0', out: ['configuration'] },
  { call: 'proxy_continue_request', args: [], abi: '0.1.0', seen: [['continue', 0]] },
  { call: 'proxy_continue_response', args: [], abi: '0.1.0', seen: [['continue', 1]] },
  { call: 'proxy_clear_route_cache', args: [], abi: '0.1.0', seen: [['route']] },
];

const named = (cases: readonly Case[]) =>
  cases.map((one) => ({
    title: `${one.call} ${JSON.stringify(one.args, (_key, it) => (typeof it === 'bigint' ? `${it}` : it))}`,
    ...one,
  }));

describe('hostcalls', () => {
  test.each(named(CASES))('$title', ({ call, args, status = Status.OK, out, seen: effects, abi }) => {
    const made = make(call, args, new Map(), abi);
    expect(made.status).toBe(status);
    if (out !== undefined) expect(made.out).toEqual(out);
    if (effects !== undefined) expect(seen).toEqual(effects);
  });

  test('each has a case that goes well, or cannot', () => {
    const all = ['0.1.0', '0.2.1'].flatMap((abi) => Object.keys(hostcalls(target(abi))));
    // A pair of calls is what goes well with these; see below.
    const others = [
      'proxy_done',
      'proxy_get_shared_data',
      'proxy_increment_metric',
      'proxy_record_metric',
      'proxy_get_metric',
    ];
    const fine = new Set(CASES.flatMap(({ call, status = Status.OK }) => (status === Status.OK ? [call] : [])));
    expect([...new Set(all)].filter((name) => !fine.has(name))).toEqual(others);
  });

  test('each version of the ABI has its own', () => {
    const names = (abi: string) => Object.keys(hostcalls(target(abi)));
    const [first, second, third] = ['0.1.0', '0.2.0', '0.2.1'].map(names);
    const old = [
      'proxy_get_configuration',
      'proxy_continue_request',
      'proxy_continue_response',
      'proxy_clear_route_cache',
    ];
    expect(first?.filter((name) => !second?.includes(name))).toEqual(old);
    expect(second?.filter((name) => !first?.includes(name))).toEqual(['proxy_continue_stream', 'proxy_close_stream']);
    expect(third?.filter((name) => !second?.includes(name))).toEqual(['proxy_get_log_level']);
    expect(second?.filter((name) => !third?.includes(name))).toEqual([]);
    expect(third).toHaveLength(39);
  });

  // Each place that a module names, one after the other, in memory that it does not have.
  const reaching = CASES.filter(({ status = Status.OK }) => status === Status.OK).flatMap((one) => {
    let index = 0;
    const wrong: { readonly what: string; readonly at: ReadonlyMap<number, number> }[] = [];
    for (const argument of one.args) {
      if (typeof argument === 'object' && 'in' in argument) {
        const { length } = typeof argument.in === 'string' ? encodeText(argument.in) : argument.in;
        wrong.push({
          what: `${index} at ${NOWHERE}`,
          at: new Map([
            [index, NOWHERE],
            [index + 1, 32],
          ]),
        });
        wrong.push({ what: `${index} of 4 GiB`, at: new Map([[index + 1, -1]]) });
        wrong.push({ what: `${index} one byte beyond`, at: new Map([[index, MEMORY_BYTES - length + 1]]) });
        index += 2;
      } else if (typeof argument === 'object') {
        const room = argument.out === 'u64' ? 8 : 4;
        wrong.push({ what: `${index} at ${NOWHERE}`, at: new Map([[index, NOWHERE]]) });
        wrong.push({ what: `${index} one byte beyond`, at: new Map([[index, MEMORY_BYTES - room + 1]]) });
        index += 1;
      } else {
        index += 1;
      }
    }
    return wrong.map(({ what, at }) => ({ ...one, what: `${one.call} with argument ${what}`, at }));
  });

  test.each(reaching)('$what names memory that is not there', ({ call, args, at, abi }) => {
    expect(make(call, args, at, abi).status).toBe(Status.INVALID_MEMORY_ACCESS);
    expect(new Uint8Array(wasm.buffer).subarray(MEMORY_BYTES - 8)).toEqual(new Uint8Array(8));
  });

  test.each(
    CASES.filter(
      ({ args, status = Status.OK, out }) =>
        status === Status.OK && args.includes(given[0] as Argument) && out?.at(-1) !== '',
    ),
  )('$call says so if the module gives no memory for an answer', ({ call, args, abi }) => {
    hasMemoryToGive = false;
    expect(make(call, args, new Map(), abi).status).toBe(Status.INVALID_MEMORY_ACCESS);
  });

  test('change a map as they say', () => {
    make('proxy_add_header_map_value', [0, text('X-Twice'), text('three')]);
    expect(request.pairs().slice(1)).toEqual([
      ['x-twice', 'one'],
      ['x-twice', 'two'],
      ['x-twice', 'three'],
    ]);
    make('proxy_replace_header_map_value', [0, text('X-Twice'), text('only')]);
    expect(request.pairs().slice(1)).toEqual([['x-twice', 'only']]);
    make('proxy_remove_header_map_value', [0, text('X-Twice')]);
    expect(request.pairs()).toEqual([[':path', '/p']]);
    make('proxy_set_header_map_pairs', [0, pairs(['a', '1'], ['b', '2'])]);
    expect(request.pairs()).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
    const { out } = make('proxy_get_header_map_pairs', [0, ...given]);
    expect(decodePairs(Uint8Array.from(String(out[0]), (byte) => byte.charCodeAt(0)))).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  test('change a body as they say', () => {
    make('proxy_set_buffer_bytes', [0, 0, 2, text('ab')]);
    make('proxy_set_buffer_bytes', [0, -1, 0, text('c')]);
    expect(latin1Text(body.bytes)).toBe('ab23456789c');
  });

  test('read what is not there as "not found" while a stream is logged', () => {
    isLogging = true;
    expect(make('proxy_get_header_map_value', [1, text('x'), ...given]).status).toBe(ABSENT);
  });

  test('take and give shared data with its number', () => {
    make('proxy_set_shared_data', [text('k'), text('v1'), 0]);
    expect(make('proxy_get_shared_data', [text('k'), ...given, u32]).out).toEqual(['v1', 1]);
    expect(make('proxy_set_shared_data', [text('k'), text('v2'), 9]).status).toBe(Status.CAS_MISMATCH);
    expect(make('proxy_set_shared_data', [text('k'), text('v2'), 1]).status).toBe(Status.OK);
    expect(make('proxy_get_shared_data', [text('k'), ...given, u32]).out).toEqual(['v2', 2]);
    const at = new Map([[4, NOWHERE]]);
    expect(make('proxy_get_shared_data', [text('k'), ...given, u32], at).status).toBe(Status.INVALID_MEMORY_ACCESS);
  });

  test('count', () => {
    make('proxy_define_metric', [0, text('counter'), u32]);
    make('proxy_increment_metric', [4, 3n]);
    expect(make('proxy_increment_metric', [4, -1n]).status).toBe(BAD);
    make('proxy_record_metric', [4, 4n]);
    expect(make('proxy_get_metric', [4, u64]).out).toEqual([7n]);
    expect(make('proxy_get_metric', [4, u64], new Map([[1, NOWHERE]])).status).toBe(Status.INVALID_MEMORY_ACCESS);
  });

  test('give a foreign function’s answer only where one is wanted', () => {
    const nothing = new Map([
      [4, 0],
      [5, 0],
    ]);
    hasMemoryToGive = false;
    expect(make('proxy_call_foreign_function', [text('echo'), text('args'), 0, 0], nothing).status).toBe(Status.OK);
    expect(memory.readU32(0)).toBe(0);
  });

  test('fail for what the host itself gets wrong', () => {
    const broken = {
      ...target('0.2.1'),
      log: () => {
        throw new RangeError('a broken host');
      },
    };
    expect(() => (hostcalls(broken)['proxy_log'] as (...args: number[]) => number)(2, 0, 0)).toThrow('a broken host');
  });
});
