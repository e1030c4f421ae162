import { createServer } from 'node:net';

/** A TCP port that was free on the address a moment ago. */
export async function freePort(address: string): Promise<number> {
  const port = await tryListen(0, address);
  if (port === undefined) throw new Error(`Cannot find a free port on ${address}`);
  return port;
}

/** Whether the port can be bound on the address right now. */
export async function isPortFree(port: number, address: string): Promise<boolean> {
  return (await tryListen(port, address)) !== undefined;
}

function tryListen(port: number, address: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: address, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : undefined));
    });
  });
}
