import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort, isPortFree } from './free-port.ts';

test('freePort gives each port once, below those of outgoing connections', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort('127.0.0.1')));
  expect(new Set(ports).size).toBe(50);
  expect(Math.max(...ports)).toBeLessThan(32_768);
  expect(Math.min(...ports)).toBeGreaterThan(1024);
});

test('isPortFree tells whether somebody listens', async () => {
  const port = await freePort('127.0.0.1');
  expect(await isPortFree(port, '127.0.0.1')).toBe(true);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  expect(await isPortFree(port, '127.0.0.1')).toBe(false);
  server.close();
});
