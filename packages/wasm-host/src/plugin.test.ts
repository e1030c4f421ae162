import { beforeAll, describe, expect, test } from 'vitest';
import { compileTestModule } from '../test/compile-test-module.ts';
import { HeadersAction, Status } from './abi.ts';
import type { LocalReply } from './context.ts';
import { HeaderList } from './header-map.ts';
import { latin1Text } from './header-pairs.ts';
import type { HttpStreamHost } from './http-context.ts';
import { type Plugin, type PluginEvent, type PluginOptions, startPlugin } from './plugin.ts';
import { PluginError } from './root-context.ts';
import { fakeClock } from './testing/fake-clock.ts';
import { loadModule, type WasmModule } from './wasm-module.ts';
import { WasmProcess } from './wasm-process.ts';

let module: WasmModule;
beforeAll(async () => {
  module = await loadModule(await compileTestModule('life'), { maxMemoryBytes: 4 * 1024 * 1024 });
}, 60_000);

interface Seen extends HttpStreamHost {
  readonly replies: LocalReply[];
}

function stream(): Seen {
  const replies: LocalReply[] = [];
  return {
    replies,
    property: () => undefined,
    setProperty: () => Status.OK,
    continueRequest: () => {},
    continueResponse: () => {},
    reset: () => {},
    sendLocalReply: (reply) => replies.push(reply),
    clearRouteCache: () => {},
  };
}

/** What the module answers to a request: the body of its reply, `passed`, `failed` in this stream, or `refused` as it had failed before. */
function ask(plugin: Plugin, path: string): string {
  const host = stream();
  const context = plugin.openStream(host);
  if (context === undefined) return 'refused';
  const action = context.onRequestHeaders(new HeaderList([[':path', path]]), true);
  context.close({});
  if (action === undefined) return 'failed';
  return action === HeadersAction.CONTINUE ? 'passed' : latin1Text(host.replies[0]?.body ?? new Uint8Array());
}

interface Running {
  readonly plugin: Plugin;
  readonly logs: string[];
  readonly events: PluginEvent[];
}

async function start(options: Partial<PluginOptions> = {}): Promise<Running> {
  const logs: string[] = [];
  const events: PluginEvent[] = [];
  const plugin = await startPlugin({
    module,
    name: 'life',
    log: (_level, message) => logs.push(message),
    observe: (event) => events.push(event),
    random: () => 0,
    ...options,
  });
  return { plugin, logs, events };
}

describe('startPlugin', () => {
  test('runs a module from its bytes', async () => {
    const { plugin } = await start({ module: await compileTestModule('life'), configuration: 'here' });
    expect(ask(plugin, '/')).toBe('here starts=1 streams=1');
    expect(plugin.memoryBytes).toBeGreaterThan(0);
  });

  test.each([
    {
      name: 'a configuration that the module refuses',
      options: { configuration: 'refuse' },
      code: 'configuration-refused',
    },
    { name: 'a VM configuration that it refuses', options: { vmConfiguration: 'refuse' }, code: 'start-refused' },
    { name: 'a trap', options: { configuration: 'trap' }, code: 'trap' },
  ])('throws for $name', async ({ options, code }) => {
    const error = await start(options).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PluginError);
    expect(error).toMatchObject({ code, name: 'PluginError' });
  });

  test('shares one VM between plugins of one vm_id, module and configuration of the VM', async () => {
    const process = new WasmProcess();
    const one = await start({ process, vmId: 'a', configuration: 'one' });
    const two = await start({ process, vmId: 'a', configuration: 'two' });
    const other = await start({ process, vmId: 'b', configuration: 'other' });
    const configured = await start({ process, vmId: 'a', vmConfiguration: 'v', configuration: 'configured' });
    const alone = await start({ vmId: 'a', configuration: 'alone' });
    expect([one, two, other, configured, alone].map(({ plugin }) => ask(plugin, '/'))).toEqual([
      'one starts=2 streams=1',
      'two starts=2 streams=1',
      'other starts=1 streams=1',
      'configured starts=1 streams=1',
      'alone starts=1 streams=1',
    ]);
    expect([one.logs, two.logs]).toEqual([['configured one'], ['configured two']]);
    one.plugin.close();
    expect(ask(two.plugin, '/')).toBe('two starts=2 streams=1');
    two.plugin.close();
    // The last one takes the VM along.
    const again = await start({ process, vmId: 'a', configuration: 'again' });
    expect(ask(again.plugin, '/')).toBe('again starts=1 streams=1');
  });
});

describe('a module that fails', () => {
  test.each(['closed', 'open'] as const)('stays failed under %s', async (failurePolicy) => {
    const clock = fakeClock();
    const { plugin, events, logs } = await start({ failurePolicy, clock });
    expect(plugin.failsOpen).toBe(failurePolicy === 'open');
    expect(ask(plugin, '/trap')).toBe('failed');
    await clock.advance(60_000);
    expect(ask(plugin, '/pass')).toBe('refused');
    expect(events).toMatchObject([{ type: 'failed', trap: { name: 'WasmTrap' } }]);
    expect(plugin.failure?.message).toMatch(/^The module failed in proxy_on_request_headers: .*unreachable/i);
    expect(logs.at(-1)).toBe(plugin.failure?.message);
  });

  test('keeps its memory below the limit', async () => {
    const { plugin } = await start();
    expect(ask(plugin, '/grow')).toBe('failed');
    expect(plugin.memoryBytes).toBeGreaterThan(2 * 1024 * 1024);
    expect(plugin.memoryBytes).toBeLessThanOrEqual(4 * 1024 * 1024);
  });

  test('is ended when a callback runs without an end, and comes back', async () => {
    const clock = fakeClock();
    const { plugin, events } = await start({ failurePolicy: 'reload', timeLimitMs: 20, clock });
    expect(ask(plugin, '/hang')).toBe('failed');
    expect(plugin.failure?.message).toBe('The module failed in proxy_on_request_headers: it ran longer than 20 ms');
    await clock.advance(1000);
    // Each callback has the whole limit.
    for (let count = 0; count < 100; count += 1) expect(ask(plugin, '/pass')).toBe('passed');
    expect(events.map(({ type }) => type)).toEqual(['failed', 'reloaded']);
  });

  test('gets no timer and no other callback any more', async () => {
    const clock = fakeClock();
    const { plugin, logs } = await start({ configuration: 'tick', clock });
    await clock.advance(250);
    expect(logs.filter((line) => line === 'tick')).toHaveLength(2);
    ask(plugin, '/trap');
    await clock.advance(1000);
    expect(logs.filter((line) => line === 'tick')).toHaveLength(2);
  });

  test('runs again under reload when the back-off since its last load is over', async () => {
    const clock = fakeClock();
    const { plugin, events } = await start({ failurePolicy: 'reload', configuration: 'c', clock, random: () => 0.5 });
    expect(plugin.failsOpen).toBe(false);
    expect(ask(plugin, '/trap')).toBe('failed');
    // Jitter: 1000 ms and half of half of it.
    await clock.advance(1249);
    expect(ask(plugin, '/')).toBe('refused');
    await clock.advance(1);
    expect(ask(plugin, '/')).toBe('c starts=1 streams=1');
    expect(plugin.failure).toBeUndefined();
    expect(events.map(({ type }) => type)).toEqual(['failed', 'reloaded']);
    expect(ask(plugin, '/trap')).toBe('failed');
    expect(ask(plugin, '/')).toBe('refused');
    await clock.advance(1250);
    expect(ask(plugin, '/')).toBe('c starts=1 streams=1');
  });

  test('takes the plugins that share its VM along, and each comes back by its own policy', async () => {
    const clock = fakeClock();
    const shared = { process: new WasmProcess(), vmId: 'a', clock };
    const one = await start({ ...shared, configuration: 'one', failurePolicy: 'reload' });
    const two = await start({ ...shared, configuration: 'two', failurePolicy: 'reload' });
    const three = await start({ ...shared, configuration: 'three', failurePolicy: 'open' });
    await clock.advance(5000);
    expect(ask(one.plugin, '/trap')).toBe('failed');
    expect([one, two, three].map(({ events }) => events.length)).toEqual([1, 1, 1]);
    expect(ask(three.plugin, '/')).toBe('refused');
    expect(ask(two.plugin, '/')).toBe('two starts=1 streams=1');
    expect(ask(one.plugin, '/')).toBe('one starts=2 streams=1');
    expect(ask(three.plugin, '/')).toBe('refused');
  });

  test('lets streams that were in it end', async () => {
    const clock = fakeClock();
    const { plugin } = await start({ failurePolicy: 'reload', clock });
    const before = plugin.openStream(stream());
    ask(plugin, '/trap');
    await clock.advance(1000);
    expect(ask(plugin, '/pass')).toBe('passed');
    expect(before?.onRequestHeaders(new HeaderList([[':path', '/pass']]), true)).toBeUndefined();
    before?.close({});
    expect(ask(plugin, '/')).toBe(' starts=1 streams=1');
  });
});

describe('Plugin.close', () => {
  test('waits for the last stream, then lets the module finish', async () => {
    const { plugin, logs } = await start();
    const context = plugin.openStream(stream());
    plugin.close();
    expect(logs).toEqual(['configured ']);
    expect(() => plugin.openStream(stream())).toThrow('Cannot open a stream in plugin "life": it was closed');
    expect(context?.onRequestHeaders(new HeaderList([[':path', '/pass']]), true)).toBe(HeadersAction.CONTINUE);
    context?.close({});
    expect(logs).toEqual(['configured ', 'done root', 'delete root']);
  });

  test('gives a module time that wants to finish later', async () => {
    const clock = fakeClock();
    const { plugin, logs } = await start({ configuration: 'slow', clock });
    plugin.close();
    expect(logs).toEqual(['configured slow', 'done root']);
    await clock.advance(100);
    expect(logs).toEqual(['configured slow', 'done root', 'tick', 'delete root']);
  });

  test('gives it no more time than was said', async () => {
    const clock = fakeClock();
    const { plugin, logs } = await start({ configuration: 'slow', clock, shutdownTimeoutMs: 50 });
    plugin.close();
    await clock.advance(1000);
    expect(logs).toEqual(['configured slow', 'done root', 'delete root']);
  });
});
