import { connect } from 'node:net';
import process from 'node:process';

const host = process.env['INVENTORY_SERVICE_HOST'] ?? 'inventory';
const port = Number(process.env['INVENTORY_SERVICE_PORT'] ?? 7070);

/** Asks the inventory how many are left of a book; never throws. */
export function askStock(id: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let text = '';
    const finish = (answer: string) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('utf8');
    socket.setTimeout(2000, () => finish('unknown (no answer)'));
    socket.once('connect', () => socket.write(`STOCK ${id}\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) finish(text.trim());
    });
    socket.once('end', () => finish('unknown (no answer)'));
    socket.once('error', (error) => finish(`unknown (${(error as NodeJS.ErrnoException).code ?? error.message})`));
  });
}
