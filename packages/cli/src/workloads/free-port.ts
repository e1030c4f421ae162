import { createServer } from 'node:net';

/**
 * Where local ports are taken from: below those that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere). One of
 * those could be taken by anybody's connection between now and the moment when a process listens on it.
 */
const FIRST_PORT = 20_000;
const PORTS = 12_000;

/** Begins anywhere, so that two programs that do the same seldom meet. */
let next = Math.floor(Math.random() * PORTS);

/** A TCP port that was free on the address a moment ago, and that this process was not given before (until all were). */
export async function freePort(address: string): Promise<number> {
  for (let tries = 0; tries < PORTS; tries++) {
    const port = FIRST_PORT + next;
    next = (next + 1) % PORTS;
    if (await isPortFree(port, address)) return port;
  }
  throw new Error(`Cannot find a free port on ${address} between ${FIRST_PORT} and ${FIRST_PORT + PORTS - 1}`);
}

/** Whether the port can be bound on the address right now. */
export function isPortFree(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
