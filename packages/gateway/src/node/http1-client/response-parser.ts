import type { HeaderList } from '../../http/header-list.ts';

/** What a parser tells about one response, in order: informational*, then upgrade or head, data*, end. */
export interface ResponseEvents {
  onInformational(status: number, headers: HeaderList): void;
  /** `empty` tells that no body follows; `onEnd` comes at once then. */
  onHead(status: number, headers: HeaderList, empty: boolean): void;
  onData(chunk: Uint8Array): void;
  onEnd(trailers: HeaderList | undefined): void;
  /** 101 to a request that asked for it; `rest` is what followed the head. */
  onUpgrade(headers: HeaderList, rest: Uint8Array): void;
}

/** A response that is not HTTP/1.1 as RFC 9112 has it; the connection cannot be used any more. */
export class ResponseSyntaxError extends Error {
  override readonly name = 'ResponseSyntaxError';
}

type State =
  | 'idle'
  | 'head'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'until-close'
  | 'done';

const maxLineBytes = 8192;

/**
 * Reads the responses of one connection, one request at a time. Strict where laxness lets messages be split in two ways (RFC 9112
 * sections 5.1, 6.1, 6.3, 11.2): no bare CR or LF, no folded lines, no space before a colon, no length beside chunked, no two lengths.
 */
export class ResponseParser {
  readonly #events: ResponseEvents;
  readonly #maxHeadBytes: number;
  #state: State = 'idle';
  #method = '';
  #wantsUpgrade = false;
  #remaining = 0;
  /** The beginning of a head, a chunk size or a trailer that came without its end. */
  #partial: Buffer | undefined;
  #line = '';
  #trailers: HeaderList = [];
  /** Whether the connection may carry another request after this response. */
  keepsAlive = true;

  constructor(events: ResponseEvents, maxHeadBytes: number) {
    this.#events = events;
    this.#maxHeadBytes = maxHeadBytes;
  }

  /** A request has been written: its response is expected. */
  expect(method: string, wantsUpgrade: boolean): void {
    this.#state = 'head';
    this.#method = method;
    this.#wantsUpgrade = wantsUpgrade;
    this.keepsAlive = true;
  }

  /** True while a response is awaited or under way. */
  get isReading(): boolean {
    return this.#state !== 'idle' && this.#state !== 'done';
  }

  /** Takes received bytes. @throws ResponseSyntaxError */
  execute(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      switch (this.#state) {
        case 'head':
          at = this.#readHead(chunk, at);
          break;
        case 'length':
        case 'chunk-data':
          at = this.#readData(chunk, at);
          break;
        case 'chunk-size':
        case 'chunk-end':
        case 'trailers':
          at = this.#readLine(chunk, at);
          break;
        case 'until-close':
          this.#events.onData(at === 0 ? chunk : chunk.subarray(at));
          return;
        default:
          throw new ResponseSyntaxError('Bytes came that no request had asked for');
      }
    }
  }

  /** The peer closed its side. @throws ResponseSyntaxError when a message was under way */
  finish(): void {
    if (this.#state === 'until-close') {
      this.#end(undefined);
      return;
    }
    if (this.#state === 'head' && this.#partial === undefined) return;
    if (this.isReading) throw new ResponseSyntaxError('The connection closed in the middle of a response');
  }

  #readHead(chunk: Buffer, from: number): number {
    const { source, start, before } = this.#headSource(chunk, from);
    const end = source.indexOf('\r\n\r\n', start, 'latin1');
    if (end < 0) {
      if (source.length - start > this.#maxHeadBytes) throw new ResponseSyntaxError('The response head is too large');
      this.#partial = source.subarray(start);
      return chunk.length;
    }
    if (end - start > this.#maxHeadBytes) throw new ResponseSyntaxError('The response head is too large');
    this.#partial = undefined;
    const after = end + 4 - start - before + from;
    this.#takeHead(source.latin1Slice(start, end), chunk, after);
    return this.#state === 'done' && this.#wantsUpgrade ? chunk.length : after;
  }

  #headSource(chunk: Buffer, from: number): { source: LatinBuffer; start: number; before: number } {
    const partial = this.#partial;
    if (partial === undefined) return { source: chunk as LatinBuffer, start: from, before: 0 };
    return { source: Buffer.concat([partial, chunk.subarray(from)]) as LatinBuffer, start: 0, before: partial.length };
  }

  #takeHead(head: string, chunk: Buffer, after: number): void {
    const lineEnd = head.indexOf('\r\n');
    const statusLine = lineEnd < 0 ? head : head.slice(0, lineEnd);
    const status = parseStatusLine(statusLine);
    const headers: HeaderList = [];
    if (lineEnd >= 0) readFields(head, lineEnd + 2, headers);
    if (status === 101) {
      if (!this.#wantsUpgrade) throw new ResponseSyntaxError('The endpoint switched protocols without being asked');
      this.#state = 'done';
      this.keepsAlive = false;
      this.#events.onUpgrade(headers, chunk.subarray(after));
      return;
    }
    if (status < 200) {
      this.#events.onInformational(status, headers);
      return;
    }
    this.#wantsUpgrade = false;
    this.#frame(status, headers, statusLine.charCodeAt(7) === 0x31);
  }

  /** Decides how the body ends (RFC 9112 section 6.3). */
  #frame(status: number, headers: HeaderList, isHttp11: boolean): void {
    let length: string | undefined;
    let coding: string | undefined;
    let connection = '';
    for (let i = 0; i < headers.length; i += 2) {
      const value = headers[i + 1] as string;
      switch (headers[i] as string) {
        case 'content-length':
          if (length !== undefined && length !== value) throw new ResponseSyntaxError('The response has two lengths');
          length = value;
          break;
        case 'transfer-encoding':
          coding = coding === undefined ? value.toLowerCase() : `${coding},${value}`;
          break;
        case 'connection':
          connection = connection === '' ? value.toLowerCase() : `${connection},${value.toLowerCase()}`;
          break;
      }
    }
    this.keepsAlive = isHttp11 ? !hasToken(connection, 'close') : hasToken(connection, 'keep-alive');
    if (length !== undefined && !/^\d{1,15}$/.test(length))
      throw new ResponseSyntaxError('The response length is no number');
    if (coding !== undefined) {
      if (length !== undefined) throw new ResponseSyntaxError('The response is both chunked and of a stated length');
      if (coding !== 'chunked' || !isHttp11)
        throw new ResponseSyntaxError(`The transfer coding "${coding}" is unknown`);
    }
    if (this.#method === 'HEAD' || status === 204 || status === 304) {
      // A length beside 204 means bytes that might be taken for the next response.
      if (status === 204 && (coding !== undefined || (length !== undefined && length !== '0'))) this.keepsAlive = false;
      this.#empty(status, headers);
    } else if (coding !== undefined) {
      this.#state = 'chunk-size';
      this.#events.onHead(status, headers, false);
    } else if (length === undefined) {
      this.#state = 'until-close';
      this.keepsAlive = false;
      this.#events.onHead(status, headers, false);
    } else if (Number(length) === 0) {
      this.#empty(status, headers);
    } else {
      this.#state = 'length';
      this.#remaining = Number(length);
      this.#events.onHead(status, headers, false);
    }
  }

  #empty(status: number, headers: HeaderList): void {
    this.#state = 'done';
    this.#events.onHead(status, headers, true);
    this.#events.onEnd(undefined);
  }

  #readData(chunk: Buffer, from: number): number {
    const available = chunk.length - from;
    const taken = available < this.#remaining ? available : this.#remaining;
    const isLength = this.#state === 'length';
    this.#remaining -= taken;
    const isWhole = this.#remaining === 0;
    if (isWhole && !isLength) this.#state = 'chunk-end';
    this.#events.onData(taken === chunk.length ? chunk : chunk.subarray(from, from + taken));
    if (isWhole && isLength) this.#end(undefined);
    return from + taken;
  }

  #readLine(chunk: Buffer, from: number): number {
    const feed = chunk.indexOf(10, from);
    const end = feed < 0 ? chunk.length : feed;
    this.#line += chunk.toString('latin1', from, end);
    if (this.#line.length > maxLineBytes) throw new ResponseSyntaxError('A chunk header or trailer is too long');
    if (feed < 0) return end;
    const line = this.#line;
    this.#line = '';
    if (!line.endsWith('\r')) throw new ResponseSyntaxError('A line ends without carriage return');
    this.#takeLine(line.slice(0, -1));
    return feed + 1;
  }

  #takeLine(line: string): void {
    if (this.#state === 'chunk-end') {
      if (line !== '') throw new ResponseSyntaxError('A chunk is longer than its size');
      this.#state = 'chunk-size';
    } else if (this.#state === 'chunk-size') {
      // An extension after the size has no meaning here.
      const found = /^([0-9a-fA-F]{1,13})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line);
      if (found === null) throw new ResponseSyntaxError('A chunk has no size');
      this.#remaining = Number.parseInt(found[1] as string, 16);
      this.#state = this.#remaining === 0 ? 'trailers' : 'chunk-data';
    } else if (line === '') {
      const trailers = this.#trailers;
      this.#trailers = [];
      this.#end(trailers.length === 0 ? undefined : trailers);
    } else {
      readFields(line, 0, this.#trailers);
      if (this.#trailers.length > 200) throw new ResponseSyntaxError('The response has too many trailers');
    }
  }

  #end(trailers: HeaderList | undefined): void {
    this.#state = 'done';
    this.#events.onEnd(trailers);
  }
}

/** `latin1Slice` is Node's, Bun's and Deno's own, but in no type. */
type LatinBuffer = Buffer & { latin1Slice(start: number, end: number): string };

function parseStatusLine(line: string): number {
  const found = /^HTTP\/1\.[01] ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(line);
  if (found === null) throw new ResponseSyntaxError('The response does not begin with an HTTP/1.1 status line');
  return Number(found[1]);
}

const validNames = new Map<string, string>();

/** A field name in lower case. Names seen before cost one look-up. */
function fieldName(name: string): string {
  const known = validNames.get(name);
  if (known !== undefined) return known;
  if (!/^[!#$%&'*+\-.^_`|~\w]+$/.test(name)) throw new ResponseSyntaxError('A header name has invalid characters');
  const lower = name.toLowerCase();
  if (validNames.size < 1024 && name.length <= 64) validNames.set(name, lower);
  return lower;
}

function readFields(text: string, from: number, into: HeaderList): void {
  let at = from;
  for (;;) {
    let end = text.indexOf('\r\n', at);
    if (end < 0) end = text.length;
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon >= end) throw new ResponseSyntaxError('A header line has no colon');
    const name = fieldName(text.slice(at, colon));
    let start = colon + 1;
    let stop = end;
    while (start < stop && isBlank(text.charCodeAt(start))) start++;
    while (stop > start && isBlank(text.charCodeAt(stop - 1))) stop--;
    const value = text.slice(start, stop);
    if (invalidValue.test(value)) throw new ResponseSyntaxError(`Header "${name}" has invalid characters`);
    into.push(name, value);
    if (end === text.length) return;
    at = end + 2;
  }
}

const invalidValue = /[^\t\x20-\x7e\x80-\xff]/;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function hasToken(value: string, token: string): boolean {
  if (value === '') return false;
  return value === token || value.split(',').some((part) => part.trim() === token);
}
