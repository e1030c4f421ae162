// How many of a book are left: a line protocol over TCP. `STOCK 1` is answered with `4`.
import { createServer, type Socket } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline';

const stock = new Map([
  ['1', 4],
  ['2', 0],
  ['3', 12],
]);

const open = new Set<Socket>();
const server = createServer((socket) => {
  open.add(socket);
  socket.once('close', () => open.delete(socket));
  socket.setTimeout(60_000, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  createInterface({ input: socket }).on('line', (line) => {
    const [word, id = ''] = line.trim().split(' ');
    const left = word === 'STOCK' ? stock.get(id) : undefined;
    socket.write(left === undefined ? 'ERROR\n' : `${left}\n`);
  });
});
server.maxConnections = 1000;
server.listen(Number(process.env['PORT'] ?? 7070), process.env['HOST'] ?? '0.0.0.0');
process.once('SIGTERM', () => {
  server.close();
  for (const socket of open) socket.destroy();
});
