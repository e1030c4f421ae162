import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** A port that takes part in no handshake. */
export interface MutePort {
  readonly port: number;
  close(): void;
}

/** Listens and never accepts; the connections that wait to be accepted fill the queue, so that the kernel answers no others. */
const LISTENER = `
const { createServer } = require('node:net');
const { parentPort } = require('node:worker_threads');
const server = createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;

/** Connections that fill a queue of one: Linux lets one more in than the backlog says. */
const FILLERS = 3;

export async function startMutePort(): Promise<MutePort> {
  const worker = new Worker(LISTENER, { eval: true });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const sockets: Socket[] = [];
  for (let i = 0; i < FILLERS; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
  }
  // The kernel makes these connections by itself, and at once.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    port,
    close() {
      for (const socket of sockets) socket.destroy();
      void worker.terminate();
    },
  };
}
