import net from 'node:net';

/** Below the range from which Linux takes ports for connections and for listeners on port 0, so that nobody gets one by chance. */
const LOWEST = 10_000;
const HIGHEST = 29_999;

/** Finds TCP ports of 127.0.0.1 that are free at the moment; all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  let port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
  for (let tried = 0; ports.length < count; tried++) {
    if (tried > HIGHEST - LOWEST) throw new Error(`found ${ports.length} free ports, wanted ${count}`);
    port = port === HIGHEST ? LOWEST : port + 1;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** A port of 127.0.0.1 that refuses connections, and that no program takes by asking for any port. */
export async function closedPort(): Promise<number> {
  for (let port = 1; port < 20; port++) if (await refuses(port)) return port;
  throw new Error('found no port below 20 that refuses connections');
}

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
