/**
 * One gRPC stream on one cleartext HTTP/2 connection, as a sidecar opens it, at the least cost: frames are read straight from the
 * socket, windows are so large that they never have to be enlarged, header blocks are not decoded. For load only: it expects a peer
 * that behaves (RFC 9113).
 */
import { connect, type Socket } from 'node:net';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const INITIAL_WINDOW_SIZE = 4;
const LARGEST_WINDOW = 0x7fffffff;
const STREAM = 1;

/** Every socket reads into it: what is read is consumed before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);

/** What a stream calls back. */
export interface GrpcEvents {
  /** One message; the bytes are good only until this returns. */
  message(bytes: Buffer): void;
  /** The stream ended, which under load it should not. */
  ended(reason: string): void;
}

/** Opens a connection and a stream on it; returns what sends messages and closes. */
export function openGrpcStream(
  address: { readonly host: string; readonly port: number },
  path: string,
  events: GrpcEvents,
): GrpcConnection {
  return new GrpcConnection(address, path, events);
}

export class GrpcConnection {
  /** Bytes read from the socket, framing included. */
  bytesRead = 0;
  readonly #socket: Socket;
  readonly #events: GrpcEvents;
  #isOpen = true;

  // The frame being read.
  readonly #head = Buffer.alloc(9);
  #headBytes = 0;
  #type = 0;
  #flags = 0;
  #stream = 0;
  #left = 0;
  #control: Buffer[] = [];

  // The message being read: five bytes of head, then the body.
  readonly #messageHead = Buffer.alloc(5);
  #messageHeadBytes = 0;
  #message = Buffer.alloc(0);
  #messageLength = 0;
  #messageBytes = 0;

  // What may be sent, and what waits for room.
  #connectionWindow = 65_535;
  #streamWindow = 65_535;
  #initialWindow = 65_535;
  #waiting: Buffer[] = [];

  constructor(address: { readonly host: string; readonly port: number }, path: string, events: GrpcEvents) {
    this.#events = events;
    this.#socket = connect({
      ...address,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length: number) => {
          this.bytesRead += length;
          this.#read(readBuffer.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('the connection closed'));
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(INITIAL_WINDOW_SIZE, 0);
    settings.writeUInt32BE(LARGEST_WINDOW, 2);
    const window = Buffer.alloc(4);
    window.writeUInt32BE(LARGEST_WINDOW - 65_535);
    const headers = Buffer.concat(
      Object.entries({
        ':method': 'POST',
        ':scheme': 'http',
        ':path': path,
        ':authority': `${address.host}:${address.port}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      }).map(([name, value]) => Buffer.concat([Buffer.from([0]), plainText(name), plainText(value)])),
    );
    this.#socket.write(
      Buffer.concat([
        PREFACE,
        frame(SETTINGS, 0, 0, settings),
        frame(WINDOW_UPDATE, 0, 0, window),
        frame(HEADERS, END_HEADERS, STREAM, headers),
      ]),
    );
  }

  /** Sends one message. */
  send(message: Uint8Array): void {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    this.#waiting.push(Buffer.concat([head, message]));
    this.#flush();
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  #flush(): void {
    const frames: Buffer[] = [];
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0] as Buffer;
      const room = Math.min(this.#connectionWindow, this.#streamWindow, 16_384, next.length);
      if (room <= 0) break;
      frames.push(frame(DATA, 0, STREAM, next.subarray(0, room)));
      this.#connectionWindow -= room;
      this.#streamWindow -= room;
      if (room === next.length) this.#waiting.shift();
      else this.#waiting[0] = next.subarray(room);
    }
    if (frames.length > 0) this.#socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }

  #read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headBytes < 9) {
        const taken = Math.min(9 - this.#headBytes, chunk.length - at);
        chunk.copy(this.#head, this.#headBytes, at, at + taken);
        this.#headBytes += taken;
        at += taken;
        if (this.#headBytes < 9) return;
        this.#left = this.#head.readUIntBE(0, 3);
        this.#type = this.#head[3] as number;
        this.#flags = this.#head[4] as number;
        this.#stream = this.#head.readUInt32BE(5) & 0x7fffffff;
      }
      const taken = Math.min(this.#left, chunk.length - at);
      if (this.#type === DATA) this.#readData(chunk, at, at + taken);
      else if (taken > 0) this.#control.push(Buffer.from(chunk.subarray(at, at + taken)));
      at += taken;
      this.#left -= taken;
      if (this.#left > 0) return;
      this.#headBytes = 0;
      this.#endFrame();
    }
  }

  #endFrame(): void {
    if (this.#type === DATA) {
      if (this.#flags & END_STREAM) this.#end('the server ended the stream');
      return;
    }
    const payload = Buffer.concat(this.#control);
    this.#control = [];
    switch (this.#type) {
      case SETTINGS:
        if (this.#flags & ACK) return;
        for (let at = 0; at + 6 <= payload.length; at += 6) {
          if (payload.readUInt16BE(at) !== INITIAL_WINDOW_SIZE) continue;
          const size = payload.readUInt32BE(at + 2);
          this.#streamWindow += size - this.#initialWindow;
          this.#initialWindow = size;
        }
        this.#socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
        this.#flush();
        return;
      case PING:
        if (!(this.#flags & ACK)) this.#socket.write(frame(PING, ACK, 0, payload));
        return;
      case WINDOW_UPDATE: {
        const grown = payload.readUInt32BE(0) & 0x7fffffff;
        if (this.#stream === 0) this.#connectionWindow += grown;
        else this.#streamWindow += grown;
        this.#flush();
        return;
      }
      case HEADERS:
        if (this.#flags & END_STREAM) this.#end('the server ended the stream with trailers');
        return;
      case RST_STREAM:
        this.#end(`the server reset the stream with code ${payload.readUInt32BE(0)}`);
        return;
      case GOAWAY:
        this.#end('the server is going away');
        return;
      default:
    }
  }

  #readData(chunk: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#messageHeadBytes < 5) {
        const taken = Math.min(5 - this.#messageHeadBytes, end - at);
        chunk.copy(this.#messageHead, this.#messageHeadBytes, at, at + taken);
        this.#messageHeadBytes += taken;
        at += taken;
        if (this.#messageHeadBytes < 5) return;
        this.#messageLength = this.#messageHead.readUInt32BE(1);
        this.#messageBytes = 0;
      }
      const wanted = this.#messageLength - this.#messageBytes;
      const taken = Math.min(wanted, end - at);
      if (taken === this.#messageLength) {
        this.#messageHeadBytes = 0;
        this.#events.message(chunk.subarray(at, at + taken));
      } else {
        if (this.#message.length < this.#messageLength) this.#message = Buffer.allocUnsafeSlow(this.#messageLength);
        chunk.copy(this.#message, this.#messageBytes, at, at + taken);
        this.#messageBytes += taken;
        if (taken === wanted) {
          this.#messageHeadBytes = 0;
          this.#events.message(this.#message.subarray(0, this.#messageLength));
        }
      }
      at += taken;
    }
  }

  #end(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#events.ended(reason);
    this.#socket.destroy();
  }
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** An HPACK string without Huffman coding (RFC 7541, section 5.2). */
function plainText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  if (bytes.length < 0x7f) {
    length.push(bytes.length);
  } else {
    length.push(0x7f);
    let rest = bytes.length - 0x7f;
    for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
