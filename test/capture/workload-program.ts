// A workload in a pod: serves what its first argument says, and calls others as lines of standard input say. Answers on standard output.
import http from 'node:http';
import net from 'node:net';
import process from 'node:process';
import readline from 'node:readline';
import { duplexPair } from 'node:stream';
import tls from 'node:tls';

export interface Served {
  /** What it calls itself in answers. */
  readonly name: string;
  /** Speaks HTTP/1.1. */
  readonly http?: readonly number[];
  /** Answers the first bytes and closes. */
  readonly tcp?: readonly number[];
  /** Speaks first, as databases do. */
  readonly greeting?: readonly number[];
  /** Speaks HTTP/1.1 at 127.0.0.1 alone. */
  readonly local?: readonly number[];
}

export interface Call {
  readonly kind: 'http' | 'tcp' | 'tls' | 'silent';
  readonly address: string;
  readonly port: number;
  /** Of HTTP; the address by default. */
  readonly host?: string;
  readonly path?: string;
  /** Of TLS. */
  readonly serverName?: string;
}

export interface Answer {
  readonly status?: number;
  readonly text: string;
  readonly error?: string;
}

/** Long enough for whatever will come. */
const TIMEOUT_MS = 3_000;

async function call({ kind, address, port, host, path = '/', serverName }: Call): Promise<Answer> {
  if (kind === 'http') {
    return new Promise((resolve) => {
      const request = http.get(
        { host: address, port, path, agent: false, headers: { host: host ?? address } },
        (res) => {
          let text = '';
          res.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          res.on('end', () => resolve({ status: res.statusCode ?? 0, text }));
        },
      );
      request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error('silence')));
      request.on('error', (error: NodeJS.ErrnoException) => resolve({ text: '', error: error.code ?? error.message }));
    });
  }
  const first =
    kind === 'tcp'
      ? Buffer.from('hello, are you there?\r\n')
      : kind === 'tls'
        ? await clientHello(serverName ?? '')
        : undefined;
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(port, address);
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('silence')));
    socket.on('connect', () => {
      if (first !== undefined) socket.write(first);
    });
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    let error: string | undefined;
    socket.on('error', (found: NodeJS.ErrnoException) => {
      error = found.code ?? found.message;
    });
    socket.on('close', () => resolve({ text, ...(error === undefined ? {} : { error }) }));
  });
}

/** What a TLS client says first. */
function clientHello(serverName: string): Promise<Buffer> {
  const [ours, theirs] = duplexPair();
  const client = tls.connect({ socket: theirs as unknown as net.Socket, servername: serverName });
  client.on('error', () => {});
  return new Promise((resolve) => ours.once('data', (bytes: Buffer) => resolve(bytes)));
}

function serve(served: Served): Promise<unknown> {
  const listening: Promise<unknown>[] = [];
  const listen = (server: net.Server, port: number, address = '0.0.0.0'): void => {
    listening.push(new Promise<void>((resolve) => server.listen(port, address, resolve)));
  };
  const web = () =>
    http.createServer((request, response) => response.end(`${served.name} ${request.headers.host} ${request.url}`));
  for (const port of served.http ?? []) listen(web(), port);
  for (const port of served.local ?? []) listen(web(), port, '127.0.0.1');
  const answer = (socket: net.Socket): void => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(`${served.name} heard`));
  };
  for (const port of served.tcp ?? []) listen(net.createServer(answer), port);
  const greet = (socket: net.Socket): void => {
    socket.on('error', () => {});
    socket.end(`${served.name} greets`);
  };
  for (const port of served.greeting ?? []) listen(net.createServer(greet), port);
  return Promise.all(listening);
}

if (process.argv[2] !== undefined) {
  await serve(JSON.parse(process.argv[2]) as Served);
  process.stdout.write('ready\n');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await call(JSON.parse(line) as Call))}\n`);
  }
  // Whoever started it has gone.
  process.exit(0);
}
