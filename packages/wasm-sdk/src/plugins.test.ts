import { generateKeyPairSync } from 'node:crypto';
import { loadModule, startPlugin } from '@heddle/wasm-host';
import { nodeForeignFunctions } from '@heddle/wasm-host/node';
import { createFilter, type EmulatedGrpcCall, type FilterOptions } from '@heddle/wasm-host/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildModule } from '../test/build-module.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  ({ wasm } = await buildModule('plugins'));
}, 60_000);

const start = (rootId: string, options: Partial<FilterOptions> = {}) => createFilter({ wasm, rootId, ...options });

test('a plugin that no class of the module is for is refused', async () => {
  await expect(start('Nobody')).rejects.toThrow('refuses its configuration');
});

describe('connections', () => {
  test('are held, changed and counted', async () => {
    const filter = await start('Connections');
    const connection = await filter.connection();
    await connection.send('ab');
    expect(connection.toUpstream).toBe('');
    await connection.send('cd');
    expect(connection.toUpstream).toBe('> abcd');
    await connection.answer('hello');
    expect(connection.toClient).toBe('[hello]');
    expect(filter.metric('open_connections')).toBe(1);
    await connection.close();
    expect(filter.metric('open_connections')).toBe(0);
    expect(filter.logs.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^closed by \d$/));
  });

  test('are closed by the filter', async () => {
    const filter = await start('Connections');
    const connection = await filter.connection();
    await connection.send('quit');
    expect(connection).toMatchObject({ isClosed: true, toUpstream: '' });
  });
});

describe('a plugin of both kinds', () => {
  test('has a context of its own kind for each stream', async () => {
    const filter = await start('Both');
    const connection = await filter.connection();
    expect((await filter.request({})).headers['x-kind']).toBe('request');
    await connection.send('a');
    expect(connection.toUpstream).toBe('a');
    await connection.close();
    expect(filter.logs.map(({ message }) => message)).toEqual(['a request is over', 'a connection is over']);
  });

  test('takes a connection for one of which nothing but the end is heard', async () => {
    const filter = await start('Both');
    await (await filter.connection()).close();
    expect(filter.logs.map(({ message }) => message)).toEqual(['a connection is over']);
  });

  test('takes for a request what another filter has answered', async () => {
    const logs: string[] = [];
    const plugin = await startPlugin({
      module: await loadModule(wasm),
      name: 'both',
      rootId: 'Both',
      log: (_level, message) => logs.push(message),
    });
    const never = () => {
      throw new Error('nothing is asked of a stream that is over');
    };
    plugin
      .openStream({
        property: () => undefined,
        setProperty: never,
        continueRequest: never,
        continueResponse: never,
        reset: never,
        sendLocalReply: never,
        clearRouteCache: never,
      })
      ?.close({});
    plugin.close();
    expect(logs).toEqual(['a request is over']);
  });
});

describe('gRPC', () => {
  const grpc = (peer: (call: EmulatedGrpcCall) => void) => start('Remote', { grpc: { peer } });

  test('a unary call is answered and closed', async () => {
    const filter = await grpc((call) => {
      const from = new Map(call.initialMetadata).get('x-from');
      call.onMessage((message) => {
        call.send(`${from} asks ${call.serviceName}/${call.methodName} ${new TextDecoder().decode(message)}`);
      });
    });
    // The host tells nothing of a unary call behind its message; the SDK says that it is closed.
    const { body } = await filter.request({ path: '/unary' });
    expect(body).toBe('filter asks test.Peer/Ask what?;closed 0 ');
  });

  test('a unary call that is never answered ends in time', async () => {
    const filter = await grpc(() => {});
    const open = await filter.open({ path: '/unary' });
    await filter.clock.advance(100);
    expect(open.result.body).toBe('closed 14 upstream request timeout{response_timeout}');
  });

  test('a stream goes both ways until it is closed', async () => {
    const filter = await grpc((call) => {
      call.sendInitialMetadata({ 'x-peer': call.methodName });
      call.onMessage((message, endOfStream) => {
        call.send(new TextDecoder().decode(message).toUpperCase());
        if (!endOfStream) return;
        call.sendTrailingMetadata({});
        call.end(5, 'gone');
      });
    });
    const { body } = await filter.request({ path: '/half' });
    expect(body).toBe('initial Talk;FIRST;SECOND;trailing;closed 5 gone');
  });

  test('a stream is half closed, or cancelled', async () => {
    const calls: EmulatedGrpcCall[] = [];
    const filter = await grpc((call) => void calls.push(call));
    await filter.open({ path: '/close' });
    expect(calls[0]).toMatchObject({ isHalfClosed: true, isCancelled: false });
    expect((await filter.request({ path: '/cancel' })).body).toBe('false');
    expect(calls[1]?.isCancelled).toBe(true);
  });

  test('an unknown cluster is said at once', async () => {
    const filter = await start('Remote', { grpc: {} });
    expect(await filter.request({ path: '/nowhere' })).toMatchObject({ status: 500, details: 'not_called' });
  });
});

test('queues are opened, found, filled and emptied', async () => {
  const filter = await start('Queue');
  await filter.clock.advance(1);
  expect(filter.logs.map(({ message }) => message)).toEqual(['item one true', 'item two true']);
  expect(filter.metrics.find(({ name }) => name === 'item_bytes')?.samples).toEqual([3n, 3n]);
});

test('a machine whose configuration is no good does not start', async () => {
  await expect(start('Queue', { vmConfiguration: 'refuse' })).rejects.toThrow('refuses its start');
});

describe('functions of the host', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = publicKey.export({ format: 'der', type: 'spki' }).toString('hex');
  const secret = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('hex');

  test('are called by name, and say what they cannot', async () => {
    const filter = await start('Functions');
    const { upstream, filterState, routeCacheClears } = await filter.request({});
    expect(upstream?.headers).toMatchObject({
      'x-garbage': 'true',
      'x-set': 'true true',
      'x-route': 'true',
      'x-none': '1',
      'x-plugin': 'Functions',
    });
    expect(filterState).toMatchObject({ 'envoy.network.upstream_server_name': 'shop' });
    expect(routeCacheClears).toBe(1);
  });

  test('sign and verify', async () => {
    const filter = await start('Functions', { foreignFunctions: nodeForeignFunctions });
    const verdict = async (headers: Record<string, string>) =>
      (await filter.request({ headers })).upstream?.headers['x-verdict'];
    expect(await verdict({ 'x-key': key, 'x-private-key': secret })).toBe('true false');
    expect(await verdict({ 'x-key': key, 'x-private-key': '00' })).toBe('no signature');
  });

  test('compress', async () => {
    const filter = await start('Functions', { foreignFunctions: nodeForeignFunctions });
    expect((await filter.request({})).upstream?.headers).toMatchObject({ 'x-packed': 'true', 'x-unpacked': '83' });
  });
});
