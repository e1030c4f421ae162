import { BufferType, type ForeignFunction, loadModule, RootContext, Status, WasmVm } from '@heddle/wasm-host';
import { createFilter, type FilterOptions } from '@heddle/wasm-host/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildModule } from '../test/build-module.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  ({ wasm } = await buildModule('hooks'));
}, 60_000);

const start = (configuration: string, options: Partial<FilterOptions> = {}) =>
  createFilter({ wasm, rootId: 'Requests', configuration, ...options });

/** A machine with the plugin alone, and what it logs. */
async function startVm(vmConfiguration = '') {
  const logs: string[] = [];
  const vm = WasmVm.start(await loadModule(wasm), {
    vmConfiguration: new TextEncoder().encode(vmConfiguration),
    log: (_level, message) => void logs.push(message),
  });
  const root = RootContext.configure(vm, { name: 'test', rootId: 'Requests', configuration: new Uint8Array() });
  return { vm, root, logs };
}

describe('a plugin', () => {
  test('that refuses its configuration does not run', async () => {
    await expect(start('refuse')).rejects.toThrow('refuses its configuration');
  });

  test('is told when it ends', async () => {
    const { root, logs } = await startVm();
    root.shutDown();
    expect(logs).toEqual(['plugin done']);
  });

  // Envoy itself never calls back (cpp-host's `ContextBase::onForeignFunction` is for extensions of a proxy), and this host does as Envoy.
  test('hears of a function that a proxy calls back, with its argument', async () => {
    const { vm, root, logs } = await startVm('the argument');
    const buffer = vm.buffer.bind(vm);
    const { FOREIGN_FUNCTION_ARGUMENTS, VM_CONFIGURATION } = BufferType;
    vm.buffer = (type) => buffer(type === FOREIGN_FUNCTION_ARGUMENTS ? VM_CONFIGURATION : type);
    const call = (id: number, size: number) =>
      vm.call('proxy_on_foreign_function', root, [id, 7, size], () => undefined);
    call(root.id, 12);
    call(root.id, 3);
    call(99, 12);
    expect(logs).toEqual(['function 7 the argument', 'function 7 the']);
    expect(vm.failure).toBeUndefined();
  });
});

describe('the end of streams', () => {
  test('is told of a request: log, then done', async () => {
    const filter = await start('');
    await filter.request();
    expect(filter.logs.map(({ message }) => message)).toEqual(['request log', 'request done']);
  });

  test('is told of a connection, and of its upstream before', async () => {
    const filter = await start('', { rootId: 'Connections' });
    const connection = await filter.connection();
    await connection.answer('bye', true);
    await connection.close();
    expect(filter.logs.map(({ message }) => message)).toEqual(['connected', 'upstream closed', 'connection done']);
  });

  test('leaves nothing of a stream behind: its number begins anew', async () => {
    const { vm, root, logs } = await startVm();
    const call = (name: string, ...args: readonly number[]) => vm.call(name, root, args, (result) => result);
    call('proxy_on_context_create', 7, root.id);
    call('proxy_on_log', 7);
    call('proxy_on_done', 7);
    call('proxy_on_delete', 7);
    expect(logs).toEqual(['request log', 'request done']);
    // Nobody has it any more.
    call('proxy_on_log', 7);
    call('proxy_on_done', 7);
    expect(logs).toHaveLength(2);
    call('proxy_on_context_create', 7, root.id);
    call('proxy_on_log', 7);
    expect(logs.slice(2)).toEqual(['request log']);
    expect(vm.failure).toBeUndefined();
  });
});

describe('streams of a kind that a plugin has no contexts for', () => {
  test('are refused if they are requests', async () => {
    const filter = await start('', { rootId: 'Connections' });
    expect(await filter.request()).toMatchObject({ status: 500, details: 'no_context', upstream: undefined });
    expect(filter.logs).toEqual([]);
    expect(filter.failure).toBeUndefined();
  });

  test('pass if they are connections', async () => {
    const filter = await start('');
    const connection = await filter.connection();
    await connection.send('in');
    await connection.answer('out');
    await connection.close();
    expect([connection.toUpstream, connection.toClient]).toEqual(['in', 'out']);
    expect(filter.failure).toBeUndefined();
  });
});

describe('declareProperty', () => {
  // DeclarePropertyArguments of Envoy's declare_property.proto: name 1, readonly 2, type 3, schema 4, span 5.
  test.each([
    { type: 'Bytes', words: 'color 0 0 false', bytes: '0a05636f6c6f72100018002800' },
    { type: 'String', words: 'color 1 0 false', bytes: '0a05636f6c6f72100018012800' },
    { type: 'FlatBuffers', words: 'color 2 1 false', bytes: '0a05636f6c6f72100018022801' },
    { type: 'Protobuf', words: 'color 3 2 false', bytes: '0a05636f6c6f72100018032802' },
    { type: 'String, read-only', words: 'color 1 2 true', bytes: '0a05636f6c6f72100118012802' },
  ])('declares $type', async ({ words, bytes }) => {
    const seen: string[] = [];
    const declare: ForeignFunction = (args) => {
      seen.push(Buffer.from(args).toString('hex'));
      return { status: Status.OK, result: new Uint8Array() };
    };
    const filter = await start(`declare ${words}`, { foreignFunctions: { declare_property: declare } });
    expect(seen).toEqual([bytes]);
    expect(filter.logs.map(({ message }) => message)).toEqual(['declared true']);
  });

  test.each([
    { words: 'color 0 0 false', set: 'true true' },
    { words: 'color 1 0 false', set: 'true true' },
    { words: 'color 1 0 true', set: 'true false' },
  ])('with "$words" is as the host has it', async ({ words, set }) => {
    const filter = await start(`declare ${words}`);
    expect((await filter.request({ headers: { 'x-color': 'red' } })).upstream?.headers['x-set']).toBe(set);
  });

  test('says so if the host has no such function', async () => {
    const declare: ForeignFunction = () => ({ status: Status.NOT_FOUND, result: new Uint8Array() });
    const filter = await start('declare color 1 0 false', { foreignFunctions: { declare_property: declare } });
    expect(filter.logs.map(({ message }) => message)).toEqual(['declared false']);
  });
});

describe('Expression', () => {
  test.each([
    { expression: 'request.path == "/cel"', path: '/cel', value: 'true' },
    { expression: 'request.path == "/cel"', path: '/other', value: '\0' },
    { expression: 'request.path + "!"', path: '/a', value: '/a!' },
    { expression: 'request.headers["x-absent"]', path: '/', value: 'none' },
    { expression: 'request.path ==', path: '/', value: undefined },
  ])('$expression of $path', async ({ expression, path, value }) => {
    const filter = await start(`expression ${expression}`);
    expect((await filter.request({ path })).upstream?.headers['x-value']).toBe(value);
  });

  test('is forgotten when it is deleted', async () => {
    const filter = await start('expression request.path');
    const value = async (headers = {}) => (await filter.request({ path: '/a', headers })).upstream?.headers['x-value'];
    expect([await value({ 'x-forget': '1' }), await value()]).toEqual(['/a', 'none']);
  });
});
