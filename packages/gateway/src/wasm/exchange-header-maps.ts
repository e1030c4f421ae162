import { isJoinedHeader, joinValues } from '@heddle/routing';
import { HeaderList as GuestHeaderList, type HeaderMap, type HeaderPair } from '@heddle/wasm-host';
import type { Exchange } from '../http/exchange.ts';
import { type HeaderList, joinedHeaderValue, removeHeader, setHeader } from '../http/header-list.ts';

/**
 * The request's head as filters in WebAssembly see it: pseudo headers first, `host` as another name of `:authority`. Pseudo headers cannot be
 * taken away. What HTTP does not allow in a field is not written, so that a module cannot break the message's frame; fields of the
 * connection are the gateway's own.
 */
export function requestHeaderMap(exchange: Exchange, changed: () => void): HeaderMap {
  return new ExchangeHeaderMap(exchange.requestHeaders, 'request', new RequestHead(exchange), changed);
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
  return /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && isValue(value) && !HOP.has(name);
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
        return exchange.path;
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
}

class ExchangeHeaderMap implements HeaderMap {
  readonly isReadOnly = false;
  readonly #list: HeaderList;
  readonly #side: 'request' | 'response';
  readonly #head: Head;
  readonly #changed: () => void;

  constructor(list: HeaderList, side: 'request' | 'response', head: Head, changed: () => void) {
    this.#list = list;
    this.#side = side;
    this.#head = head;
    this.#changed = changed;
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
    return key.startsWith(':') ? this.#head.get(key) : joinedHeaderValue(this.#list, key);
  }

  add(name: string, value: string): void {
    const key = this.#key(name);
    const present = this.get(key);
    if (present !== undefined && (key.startsWith(':') || isJoinedHeader(this.#side, key))) {
      this.replace(key, joinValues(present, value));
      return;
    }
    if (key.startsWith(':')) this.#set(key, value);
    else if (isField(key, value)) this.#list.push(key, value);
    this.#changed();
  }

  replace(name: string, value: string): void {
    this.#set(this.#key(name), value);
    this.#changed();
  }

  remove(name: string): void {
    const key = this.#key(name);
    if (!key.startsWith(':')) removeHeader(this.#list, key);
    this.#changed();
  }

  setAll(pairs: readonly HeaderPair[]): void {
    this.#list.length = 0;
    for (const [name, value] of pairs) {
      const key = this.#key(name);
      if (key.startsWith(':')) this.#set(key, value);
      else if (isField(key, value)) this.#list.push(key, value);
    }
    this.#changed();
  }

  #set(key: string, value: string): void {
    if (!key.startsWith(':')) {
      if (isField(key, value)) setHeader(this.#list, key, value);
    } else if (this.#head.names.includes(key) && isValue(value)) this.#head.set(key, value);
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
