import { beforeAll, describe, expect, test } from 'vitest';
import { compileTestModule } from '../../test/compile-test-module.ts';
import { createFilter, type FilterOptions } from './emulated-filter.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  wasm = await compileTestModule('tcp');
}, 60_000);

async function connect(options: Partial<FilterOptions> = {}) {
  const filter = await createFilter({ wasm, ...options });
  return { filter, connection: await filter.connection(), lines: () => filter.logs.map(({ message }) => message) };
}

describe('EmulatedConnection', () => {
  test('passes data both ways and ends with done, log, delete', async () => {
    const { connection, lines } = await connect();
    expect(connection.isConnected).toBe(true);
    await connection.send('hello');
    await connection.answer('world', true);
    await connection.close();
    expect(connection).toMatchObject({ toUpstream: 'hello', toClient: 'world', isClosed: true });
    expect(lines()).toEqual([
      'create',
      'new',
      'down hello 5 0 other= body=',
      'up world 5 1',
      'up closed 0',
      'down closed 2',
      'done',
      'log',
      'delete',
    ]);
  });

  test('is changed by the filter both ways', async () => {
    const { connection } = await connect();
    await connection.send('change');
    await connection.answer('change');
    expect(connection).toMatchObject({ toUpstream: 'changed', toClient: 'changed back' });
  });

  test('shows held data again, together with what came', async () => {
    const { connection, lines } = await connect();
    await connection.send('more');
    expect(connection).toMatchObject({ toUpstream: '', isPaused: true });
    await connection.send(' and more');
    await connection.send('.', true);
    expect(connection).toMatchObject({ toUpstream: 'more and more.', isPaused: false });
    await connection.answer('more');
    expect(connection.toClient).toBe('');
    await connection.answer('.');
    expect(connection.toClient).toBe('more.');
    expect(lines().slice(2)).toEqual([
      'down more 4 0 other= body=',
      'down more and more 13 0 other= body=',
      'down more and more. 14 1 other= body=',
      'up more 4 0',
      'up more. 5 0',
    ]);
  });

  test('goes on when the filter says so later, in the name of the connection', async () => {
    const { filter, connection } = await connect();
    await connection.send('hold this');
    expect(connection).toMatchObject({ toUpstream: '', isPaused: true });
    await filter.clock.advance(100);
    expect(connection).toMatchObject({ toUpstream: 'hold this', isPaused: false });
  });

  test('connects to the upstream when the filter continues, and reads nothing before', async () => {
    const { filter, connection, lines } = await connect({ configuration: 'wait' });
    await connection.send('go');
    expect(connection).toMatchObject({ isConnected: false, isPaused: true, toUpstream: '' });
    expect(lines()).toEqual(['create', 'new']);
    await filter.clock.advance(100);
    expect(connection).toMatchObject({ isConnected: true, isPaused: false, toUpstream: 'go' });
  });

  test.each([
    ['client', 1],
    ['upstream', 2],
  ])('is over when both sides have ended, the %s first', async (first, closedBy) => {
    const { connection, lines } = await connect();
    if (first === 'client') await connection.send('', true);
    await connection.answer('', true);
    expect(connection.isClosed).toBe(first === 'client');
    if (first === 'upstream') await connection.send('', true);
    expect(connection.isClosed).toBe(true);
    expect(lines().slice(-4)).toEqual([`down closed ${closedBy}`, 'done', 'log', 'delete']);
  });

  test.each(['close', 'close up'])('is closed by the filter: %s', async (what) => {
    const { connection, lines } = await connect();
    await connection.send(what);
    expect(connection).toMatchObject({ isClosed: true, toUpstream: '' });
    expect(lines().slice(-4)).toEqual(['down closed 1', 'done', 'log', 'delete']);
  });

  test('cannot be continued towards the client', async () => {
    const { connection, lines } = await connect();
    await connection.send('up?');
    expect(lines().at(-1)).toBe('continue upstream 12 2');
  });

  test('is closed when the module fails, or passes it', async () => {
    const closed = await connect();
    await closed.connection.send('trap');
    expect(closed.connection).toMatchObject({ isClosed: true, toUpstream: '' });
    const alwaysOpen = await connect({ failurePolicy: 'always-open' });
    await alwaysOpen.connection.send('trap');
    await alwaysOpen.connection.send(' on');
    expect(alwaysOpen.connection).toMatchObject({ isClosed: false, toUpstream: 'trap on' });
  });

  test('is passed by a module that had failed, but not by one that fails in it', async () => {
    const open = await connect({ failurePolicy: 'open' });
    const before = await open.filter.connection();
    await open.connection.send('trap');
    expect(open.connection).toMatchObject({ isClosed: true, toUpstream: '' });
    await before.send('more');
    expect(before).toMatchObject({ isClosed: true, toUpstream: '' });
    const after = await open.filter.connection();
    await after.send('on');
    expect(after).toMatchObject({ isClosed: false, toUpstream: 'on' });
    const closed = await connect();
    await closed.connection.send('trap');
    expect(await closed.filter.connection()).toMatchObject({ isClosed: true });
  });
});
