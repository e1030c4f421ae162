import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../workloads/free-port.ts';
import { ListenerPorts, localPort } from './listener-ports.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function take(port: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

describe('localPort', () => {
  test.each([
    [80, 8080],
    [443, 8443],
    [1023, 9023],
    [1024, 1024],
    [9090, 9090],
  ])('%i is served on %i', (configured, expected) => {
    expect(localPort(configured)).toBe(expected);
  });
});

describe('ListenerPorts', () => {
  test('takes the next free port where the wanted one is taken, and says both', async () => {
    const wanted = await freePort('127.0.0.1');
    await take(wanted);
    const [moved] = await new ListenerPorts('127.0.0.1').choose([wanted]);
    expect(moved).toMatchObject({ configured: wanted, wanted });
    expect(moved?.bound).toBeGreaterThan(wanted);
  });

  test('keeps a choice while the port is configured, though it is in use by then', async () => {
    const wanted = await freePort('127.0.0.1');
    const ports = new ListenerPorts('127.0.0.1');
    await ports.choose([wanted]);
    const before = ports.binding;
    await take(wanted);
    expect(await ports.choose([wanted])).toEqual([]);
    expect(ports.binding).toBe(before);
    expect(before).toEqual({ address: '127.0.0.1', ports: { [wanted]: wanted } });
  });

  test('forgets a port that is configured no more', async () => {
    const wanted = await freePort('127.0.0.1');
    const ports = new ListenerPorts('127.0.0.1');
    await ports.choose([wanted]);
    await ports.choose([]);
    expect(ports.binding.ports).toEqual({});
  });
});
