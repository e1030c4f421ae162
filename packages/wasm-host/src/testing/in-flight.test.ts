// Streams that end while calls of the module are on their way: of a dead stream nothing is called, and nothing of it stays.
import { beforeAll, describe, expect, test } from 'vitest';
import { compileTestModule } from '../../test/compile-test-module.ts';
import { Status } from '../abi.ts';
import type { Callouts, GrpcEvents, HttpCallReply } from '../callouts.ts';
import { HeaderList } from '../header-map.ts';
import { HttpContext, type HttpStreamHost } from '../http-context.ts';
import { RootContext } from '../root-context.ts';
import { loadModule } from '../wasm-module.ts';
import { WasmVm } from '../wasm-vm.ts';
import { createFilter, type FilterOptions } from './emulated-filter.ts';
import type { EmulatedGrpcCall } from './scripted-grpc.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  wasm = await compileTestModule('in-flight');
}, 60_000);

async function start(options: Partial<FilterOptions> = {}) {
  const filter = await createFilter({ wasm, ...options });
  return {
    filter,
    /** Opens a request that the filter holds, and leaves it; what the filter then says. */
    async leave(path: string) {
      const open = await filter.open({ path });
      expect(open.result.outcome).toBe('paused');
      const from = filter.logs.length;
      await open.leave();
      expect(open.result.outcome).toBe('reset');
      return () => filter.logs.slice(from).map(({ message }) => message);
    },
  };
}

/** What the filter has held is there to the end. */
const end = (path: string) => ['log 2', `done 2 ${path}`, 'delete 2'];

describe('a stream that its client leaves', () => {
  test('with a callout in flight, whose answer comes to the root context', async () => {
    const { filter, leave } = await start({ clusters: { c: () => ({ delayMs: 500, body: 'late' }) } });
    const said = await leave('/http');
    expect(said()).toEqual(end('/http'));
    await filter.clock.advance(499);
    expect(said()).toEqual(end('/http'));
    await filter.clock.advance(1);
    // The stream is not there any more: what the module asks is about the root context, which has none.
    expect(said()).toEqual([...end('/http'), 'response 1 of 2: effective 2, continue 0']);
    await filter.clock.advance(10_000);
    expect(said()).toHaveLength(4);
  });

  test('with a callout that is never answered, which ends when its time is over', async () => {
    const { filter, leave } = await start({ clusters: { c: () => undefined } });
    const said = await leave('/http');
    await filter.clock.advance(1000);
    expect(said()).toEqual([...end('/http'), 'response 1 of 2: effective 2, continue 0']);
  });

  test('with a gRPC stream open, which goes on until the module ends it', async () => {
    const calls: EmulatedGrpcCall[] = [];
    const { filter, leave } = await start({ grpc: { c: (call) => void calls.push(call) } });
    const said = await leave('/stream');
    expect([said(), calls[0]?.isCancelled]).toEqual([end('/stream'), false]);
    calls[0]?.send('late');
    calls[0]?.end(3, 'over');
    await filter.clock.advance(0);
    expect(said()).toEqual([...end('/stream'), 'message 1 of 2: effective 2', 'closed 1 of 2: 3, effective 2']);
    calls[0]?.send('too late');
    await filter.clock.advance(0);
    expect(said()).toHaveLength(5);
  });

  test('with a gRPC stream open that the module cancels as it goes', async () => {
    const calls: EmulatedGrpcCall[] = [];
    const { filter, leave } = await start({ grpc: { c: (call) => void calls.push(call) } });
    const said = await leave('/cancel');
    expect([said(), calls[0]?.isCancelled]).toEqual([['log 2', 'done 2 /cancel', 'cancel 0 1', 'delete 2'], true]);
    calls[0]?.send('late');
    calls[0]?.end();
    await filter.clock.advance(0);
    expect(said()).toHaveLength(4);
  });

  test('and whose number another one has then, does not hear of the answer', async () => {
    const { filter, leave } = await start({ clusters: { c: () => ({ delayMs: 500 }) } });
    await leave('/http');
    const second = await filter.open({ path: '/http' });
    await filter.clock.advance(500);
    expect(filter.logs.map(({ message }) => message).filter((line) => line.startsWith('response'))).toEqual([
      'response 1 of 2: effective 2, continue 0',
      'response 1 of 3: effective 0, continue 0',
    ]);
    expect(second.result.status).toBe(200);
  });
});

describe('a VM whose streams are reset with calls in flight', () => {
  /** What stands in for a stream: it is asked for nothing. */
  const host: HttpStreamHost = {
    property: () => undefined,
    setProperty: () => Status.OK,
    continueRequest: () => {},
    continueResponse: () => {},
    reset: () => {},
    sendLocalReply: () => {},
    clearRouteCache: () => {},
  };

  async function startVm() {
    const replies: ((reply: HttpCallReply | undefined) => void)[] = [];
    const streams: GrpcEvents[] = [];
    let cancelled = 0;
    const cancel = (): void => {
      cancelled += 1;
    };
    const callouts: Callouts = {
      http(_call, replied) {
        replies.push(replied);
        return cancel;
      },
      grpc(_call, events) {
        streams.push(events);
        return { send: () => {}, close: () => {}, cancel };
      },
    };
    const vm = WasmVm.start(await loadModule(wasm), { callouts });
    const root = RootContext.configure(vm, { name: 'test', rootId: '', configuration: new Uint8Array() });
    return {
      vm,
      replies,
      streams,
      cancelled: () => cancelled,
      /** A stream for a path, reset at once; its number. */
      reset(path: string): number {
        const context = new HttpContext(vm, root, host);
        const requestHeaders = new HeaderList([[':path', path]]);
        context.onRequestHeaders(requestHeaders, true);
        context.close({ requestHeaders });
        return context.id;
      },
    };
  }

  const REPLY: HttpCallReply = { headers: [[':status', '200']], body: new Uint8Array(), trailers: [] };
  const ROUNDS = 500;

  test('has no context and no call of them when these are answered', async () => {
    const { vm, replies, streams, cancelled, reset } = await startVm();
    const ids = Array.from({ length: ROUNDS }, (_, round) => reset(round % 2 === 0 ? '/http' : '/stream'));
    expect(ids.filter((id) => vm.context(id) !== undefined)).toEqual([]);
    expect([replies.length, streams.length, cancelled()]).toEqual([ROUNDS / 2, ROUNDS / 2, 0]);
    for (const reply of replies) reply(REPLY);
    for (const stream of streams) stream.closed(0, '');
    // What is still there is given up when the VM ends: nothing is.
    vm.close();
    expect(cancelled()).toBe(0);
  });

  test('gives up the calls that are not answered when it ends, once', async () => {
    const { vm, replies, streams, cancelled, reset } = await startVm();
    for (let round = 0; round < ROUNDS; round += 1) reset(round % 2 === 0 ? '/http' : '/stream');
    vm.close();
    expect(cancelled()).toBe(ROUNDS);
    for (const reply of replies) reply(REPLY);
    for (const stream of streams) stream.closed(0, '');
    vm.close();
    expect(cancelled()).toBe(ROUNDS);
  });
});
