import { isJoinedHeader, joinValues } from '@heddle/routing';
import { HeaderList as GuestHeaderList, type HeaderMap, type HeaderPair } from '@heddle/wasm-host';
import type { Exchange } from '../http/exchange.ts';
import { type HeaderList, headerValue, joinedHeaderValue, removeHeader, setHeader } from '../http/header-list.ts';

/**
 * The request's head as filters in WebAssembly see it: pseudo headers first, `host` as another name of `:authority`. What HTTP does not
 * allow in a field is not written, so that a module cannot break the message's frame, and makes the request unfit, as a method or a
 * path that was taken away does; fields of the connection are the gateway's own.
 */
export function requestHeaderMap(exchange: Exchange, changed: () => void): RequestHeaderMap {
  return new ExchangeHeaderMap(exchange.requestHeaders, 'request', new RequestHead(exchange), changed);
}

/** A request's head that a filter may have made unfit to be sent. */
export interface RequestHeaderMap extends HeaderMap {
  /** Why Envoy's router would refuse it, in its words. */
  readonly fault: string | undefined;
}

/** The response's head, with `:status`. */
export function responseHeaderMap(exchange: Exchange): HeaderMap {
  return new ExchangeHeaderMap(exchange.responseHeaders, 'response', new ResponseHead(exchange), () => {});
}

/** Trailers for a filter. */
export function trailerMap(trailers: HeaderList): GuestHeaderList {
  return new GuestHeaderList(pairsOf(trailers));
}

/** What a filter made of trailers. */
export function trailerList(map: HeaderMap): HeaderList {
  return map.pairs().flatMap(([name, value]) => (isField(name, value) ? [name, value] : []));
}

/** Whether a name and a value may stand in a message (RFC 9110, section 5). */
export function isField(name: string, value: string): boolean {
  return isName(name) && isValue(value) && !HOP.has(name);
}

function isName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name);
}

function isValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0x0d || code === 0x0a || code === 0 || code > 0xff) return false;
  }
  return true;
}

const HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** The pseudo headers of a message. */
interface Head {
  readonly names: readonly string[];
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  remove(name: string): void;
}

class RequestHead implements Head {
  readonly names = [':authority', ':path', ':method', ':scheme'];
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get(name: string): string | undefined {
    const exchange = this.#exchange;
    switch (name) {
      case ':authority':
        return exchange.hasAuthority ? exchange.authority : undefined;
      case ':path':
        return exchange.path === '' ? undefined : exchange.path;
      case ':method':
        return exchange.method;
      case ':scheme':
        return exchange.scheme;
      default:
        return undefined;
    }
  }

  set(name: string, value: string): void {
    const exchange = this.#exchange;
    // A space would begin another part of the request line.
    if (value.includes(' ')) return;
    if (name === ':authority') {
      exchange.authority = value;
      exchange.hasAuthority = true;
    } else if (value !== '') {
      if (name === ':path') exchange.path = value;
      if (name === ':method') exchange.method = value;
      if (name === ':scheme') exchange.scheme = value;
    }
  }

  // Without a path no route is found; an authority that is not there matches as an empty one.
  remove(name: string): void {
    if (name === ':path') this.#exchange.path = '';
    if (name === ':authority') this.#exchange.authority = '';
  }
}

class ResponseHead implements Head {
  readonly names = [':status'];
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get(name: string): string | undefined {
    return name === ':status' ? String(this.#exchange.responseStatus) : undefined;
  }

  set(_name: string, value: string): void {
    if (/^[2-5]\d\d$/.test(value)) this.#exchange.responseStatus = Number(value);
  }

  // A response has a status.
  remove(): void {}
}

class ExchangeHeaderMap implements RequestHeaderMap {
  readonly isReadOnly = false;
  readonly #list: HeaderList;
  readonly #side: 'request' | 'response';
  readonly #head: Head;
  readonly #changed: () => void;
  /** What could not be written, by name. */
  #faults: Map<string, string> | undefined;

  constructor(list: HeaderList, side: 'request' | 'response', head: Head, changed: () => void) {
    this.#list = list;
    this.#side = side;
    this.#head = head;
    this.#changed = changed;
  }

  get fault(): string | undefined {
    return this.#faults?.values().next().value;
  }

  pairs(): readonly HeaderPair[] {
    const pseudo = this.#head.names.flatMap((name): HeaderPair[] => {
      const value = this.#head.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    return [...pseudo, ...pairsOf(this.#list)];
  }

  get(name: string): string | undefined {
    const key = this.#key(name);
    return key.startsWith(':') ? this.#head.get(key) : headerValue(this.#list, key);
  }

  add(name: string, value: string): void {
    const key = this.#key(name);
    const present = key.startsWith(':') ? this.#head.get(key) : joinedHeaderValue(this.#list, key);
    if (present !== undefined && (key.startsWith(':') || isJoinedHeader(this.#side, key))) {
      this.replace(key, joinValues(present, value));
      return;
    }
    this.#write(key, value, () => this.#list.push(key, value));
    this.#changed();
  }

  replace(name: string, value: string): void {
    const key = this.#key(name);
    this.#faults?.delete(key);
    this.#write(key, value, () => setHeader(this.#list, key, value));
    this.#changed();
  }

  remove(name: string): void {
    const key = this.#key(name);
    this.#faults?.delete(key);
    if (!key.startsWith(':')) removeHeader(this.#list, key);
    else this.#removePseudo(key);
    this.#changed();
  }

  setAll(pairs: readonly HeaderPair[]): void {
    this.#list.length = 0;
    this.#faults = undefined;
    const present = new Set<string>();
    for (const [name, value] of pairs) {
      const key = this.#key(name);
      present.add(key);
      this.#write(key, value, () => this.#list.push(key, value));
    }
    for (const name of this.#head.names) {
      if (!present.has(name)) this.#removePseudo(name);
    }
    this.#changed();
  }

  /** Writes a field if it may stand in a message; fields of the connection are passed over. */
  #write(key: string, value: string, write: () => void): void {
    if (key.startsWith(':') ? !isValue(value) : !isValue(value) || !isName(key)) {
      this.#note(key, isValue(value) ? `invalid header name: ${key}` : `invalid header value for: ${key}`);
    } else if (!key.startsWith(':')) {
      if (!HOP.has(key)) write();
    } else if (this.#head.names.includes(key)) this.#head.set(key, value);
  }

  #removePseudo(key: string): void {
    this.#head.remove(key);
    if (key === ':method') this.#note(key, `missing required header: ${key}`);
  }

  #note(key: string, fault: string): void {
    this.#faults ??= new Map();
    this.#faults.set(key, fault);
  }

  #key(name: string): string {
    const key = name.toLowerCase();
    return key === 'host' && this.#side === 'request' ? ':authority' : key;
  }
}

function pairsOf(list: HeaderList): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (let i = 0; i < list.length; i += 2) pairs.push([list[i] as string, list[i + 1] as string]);
  return pairs;
}
