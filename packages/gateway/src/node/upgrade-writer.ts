import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ResponseWriter } from '../http/exchange.ts';
import type { HeaderList } from '../http/header-list.ts';
import { statusText } from '../http/status-text.ts';
import type { UpgradedConnection } from '../upstream-transport.ts';
import { Http1Writer } from './http1-exchange.ts';

/** Answers an Upgrade or CONNECT request: a plain response, or 101 and then the raw bytes of both sides. */
export class UpgradeWriter extends Http1Writer {
  readonly #socket: Duplex;
  readonly #head: Buffer;
  #upgraded = false;
  #waits = false;

  constructor(res: ServerResponse, socket: Duplex, head: Buffer) {
    super(res);
    this.#socket = socket;
    this.#head = head;
  }

  override head(status: number, headers: HeaderList, endStream: boolean, close: boolean): void {
    if (status !== 101) {
      super.head(status, headers, endStream, close);
      if (endStream) this.#finishPlain();
      return;
    }
    this.#upgraded = true;
    this.res.detachSocket(this.#socket as never);
    this.#socket.write(messageHead(status, headers), 'latin1');
  }

  override write(chunk: Uint8Array, last: boolean): boolean {
    if (!this.#upgraded) return super.write(chunk, last);
    const more = this.#socket.write(chunk);
    if (!more && !this.#waits) {
      this.#waits = true;
      this.#socket.once('drain', () => {
        this.#waits = false;
        this.exchange?.downstreamWritable();
      });
    }
    return more;
  }

  override end(trailers: HeaderList | undefined): void {
    if (this.#upgraded) this.#socket.end();
    else {
      super.end(trailers);
      this.#finishPlain();
    }
  }

  override reset(): void {
    this.#socket.destroy();
  }

  upgrade(connection: UpgradedConnection): void {
    const socket = this.#socket;
    const { exchange } = this;
    if (this.#head.length > 0) connection.write(this.#head);
    connection.onWritable(() => socket.resume());
    socket.on('data', (chunk: Buffer) => {
      exchange?.received(chunk.byteLength);
      if (!connection.write(chunk)) socket.pause();
    });
    socket.on('end', () => connection.end());
    socket.on('close', () => {
      connection.destroy();
      if (exchange?.finished === false) exchange.downstreamGone();
    });
    socket.resume();
  }

  // The connection was taken out of node:http's hands, so nothing else closes it.
  #finishPlain(): void {
    this.res.once('finish', () => this.#socket.end());
  }
}

/** Writes one whole response straight to a connection whose bytes were no HTTP request. */
export class RawMessageWriter implements ResponseWriter {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  informational(): void {}

  head(status: number, headers: HeaderList, endStream: boolean): void {
    headers.push('connection', 'close');
    if (endStream) headers.push('content-length', '0');
    this.#socket.write(messageHead(status, headers), 'latin1');
    if (endStream) this.#socket.end();
  }

  write(chunk: Uint8Array): boolean {
    return this.#socket.write(chunk);
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.destroy();
  }
}

function messageHead(status: number, headers: HeaderList): string {
  let head = `HTTP/1.1 ${status} ${statusText(status)}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${head}\r\n`;
}
