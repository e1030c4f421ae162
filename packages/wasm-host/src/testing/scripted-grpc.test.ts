import { beforeAll, describe, expect, test } from 'vitest';
import { compileTestModule } from '../../test/compile-test-module.ts';
import { latin1Text } from '../header-pairs.ts';
import { createFilter } from './emulated-filter.ts';
import type { EmulatedGrpcCall } from './scripted-grpc.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  wasm = await compileTestModule('grpc');
}, 60_000);

async function start(grpc: (call: EmulatedGrpcCall) => void) {
  const calls: EmulatedGrpcCall[] = [];
  const filter = await createFilter({
    wasm,
    grpc: {
      grpc: (call) => {
        calls.push(call);
        grpc(call);
      },
    },
  });
  return {
    filter,
    calls,
    /** What the filter logs about a request. */
    async ask(path: string) {
      const before = filter.logs.length;
      await filter.request({ path });
      return filter.logs.slice(before).map(({ message }) => message);
    },
  };
}

describe('a unary call', () => {
  test.each(['/call', '/call-by-name'])('%s gets its message and nothing else', async (path) => {
    const { ask, calls, filter } = await start((call) => {
      call.sendInitialMetadata({ i: '1' });
      call.send('answer');
      call.sendTrailingMetadata({ t: '1' });
      call.end();
    });
    expect(await ask(path)).toEqual(['call 0 5', 'message 1 5 6 answer']);
    expect(calls).toMatchObject([
      { serviceName: 'pkg.Service', methodName: 'Method', initialMetadata: [['m', 'v']], isHalfClosed: true },
    ]);
    expect(calls[0]?.messages.map(latin1Text)).toEqual(['question']);
    expect(await ask('/close')).toEqual(['close 1 2 1']);
    expect(await ask(path)).toEqual(['call 0 9', 'message 1 9 6 answer']);
    await filter.clock.advance(10_000);
    expect(filter.logs.at(-1)?.message).toBe('message 1 9 6 answer');
  });

  test.each([
    { name: 'a status', grpc: (call: EmulatedGrpcCall) => call.end(5, 'not here'), closed: "closed 5 5 5 'not here'" },
    { name: '"ok" without a message', grpc: (call: EmulatedGrpcCall) => call.end(), closed: "closed 5 13 13 ''" },
  ])('ends with $name', async ({ grpc, closed }) => {
    const { ask } = await start(grpc);
    expect(await ask('/call')).toEqual(['call 0 5', closed]);
  });

  test('ends when its time is over', async () => {
    const { ask, filter } = await start(() => {});
    expect(await ask('/call')).toEqual(['call 0 5']);
    await filter.clock.advance(1000);
    expect(filter.logs.at(-1)?.message).toBe("closed 5 14 14 'upstream request timeout{response_timeout}'");
  });

  test('is cancelled', async () => {
    const { ask, calls, filter } = await start(() => {});
    await ask('/call');
    expect(await ask('/send-to-call')).toEqual(['send 2']);
    expect(await ask('/cancel')).toEqual(['cancel 0 2 1']);
    expect(calls[0]?.isCancelled).toBe(true);
    await filter.clock.advance(10_000);
    expect(filter.logs.at(-1)?.message).toBe('cancel 0 2 1');
  });

  test('is refused for an unknown cluster', async () => {
    const { ask } = await start(() => {});
    expect(await ask('/call-nobody')).toEqual(['call 10 0', "closed 5 14 14 ''"]);
  });
});

describe('a stream', () => {
  test('carries messages both ways', async () => {
    const { ask, calls } = await start((call) => {
      call.sendInitialMetadata({ i: '1' });
      call.onMessage((message, end) => {
        call.send(`echo ${latin1Text(message)}`);
        if (!end) return;
        call.sendTrailingMetadata({ t: '2' });
        call.end(0);
      });
    });
    expect(await ask('/stream')).toEqual([
      'stream 0 6',
      'send 0 0',
      'initial 1 6 1 1',
      'message 1 6 8 echo one',
      'message 1 6 8 echo two',
      'trailing 6 1 2',
      "closed 6 0 0 ''",
    ]);
    // It is there until the filter closes its side, too.
    expect(await ask('/send')).toEqual(['send 0']);
    expect(await ask('/close')).toEqual(['close 0 2 1']);
    expect(await ask('/send')).toEqual(['send 1']);
    expect(calls[0]?.messages).toHaveLength(2);
    expect(await ask('/send-to-nobody')).toEqual(['send 1']);
  });

  test('is cancelled', async () => {
    const { ask, calls } = await start(() => {});
    await ask('/stream');
    expect(await ask('/cancel')).toEqual(['cancel 0 2 1']);
    expect(calls[0]?.isCancelled).toBe(true);
  });
});
