import { BufferType, LogLevel, MapType, MetricType, Status, StreamType } from './abi.ts';
import type { GuestMemory } from './guest-memory.ts';
import { decodePairs } from './header-pairs.ts';

/** A call of a module in words: names in place of numbers, texts in place of addresses. */
export interface HostcallWords {
  /** What it gave. */
  readonly given: readonly string[];
  /** What it got; nothing if the call failed. */
  readonly got: readonly string[];
}

/**
 * The arguments of each call, a letter each. Given: `m` map, `b` buffer, `s` stream, `l` level of a log, `k` kind of a metric, `n` number,
 * `t` text and `p` header pairs (address and size). Got, by the address that it is written to: `N` and `U` numbers of 32 and 64 bits,
 * `T` text and `P` header pairs (where address and size are written).
 */
const FORMS: Readonly<Record<string, string>> = {
  proxy_log: 'lt',
  proxy_get_log_level: 'N',
  proxy_get_current_time_nanoseconds: 'U',
  proxy_set_tick_period_milliseconds: 'n',
  proxy_set_effective_context: 'n',
  proxy_get_property: 'tT',
  proxy_set_property: 'tt',
  proxy_get_header_map_value: 'mtT',
  proxy_get_header_map_pairs: 'mP',
  proxy_get_header_map_size: 'mN',
  proxy_set_header_map_pairs: 'mp',
  proxy_add_header_map_value: 'mtt',
  proxy_replace_header_map_value: 'mtt',
  proxy_remove_header_map_value: 'mt',
  proxy_get_buffer_bytes: 'bnnT',
  proxy_get_buffer_status: 'bNN',
  proxy_set_buffer_bytes: 'bnnt',
  proxy_send_local_response: 'nttpn',
  proxy_http_call: 'tptpnN',
  proxy_grpc_call: 'tttptnN',
  proxy_grpc_stream: 'tttpN',
  proxy_grpc_send: 'ntn',
  proxy_grpc_close: 'n',
  proxy_grpc_cancel: 'n',
  proxy_get_status: 'NT',
  proxy_get_shared_data: 'tTN',
  proxy_set_shared_data: 'ttn',
  proxy_register_shared_queue: 'tN',
  proxy_resolve_shared_queue: 'ttN',
  proxy_enqueue_shared_queue: 'nt',
  proxy_dequeue_shared_queue: 'nT',
  proxy_define_metric: 'ktN',
  proxy_increment_metric: 'nn',
  proxy_record_metric: 'nn',
  proxy_get_metric: 'nU',
  proxy_call_foreign_function: 'ttT',
  proxy_continue_stream: 's',
  proxy_close_stream: 's',
  proxy_get_configuration: 'T',
};

const NAMES: Readonly<Record<string, ReadonlyMap<number, string>>> = {
  m: namesOf(MapType),
  b: namesOf(BufferType),
  s: namesOf(StreamType),
  l: namesOf(LogLevel),
  k: namesOf(MetricType),
};

/** More of a text is not shown. */
const MAX_TEXT = 200;

/** Reads a call that was just made, while the module's memory is as the call left it. */
export function hostcallWords(
  name: string,
  args: readonly (number | bigint)[],
  status: number,
  memory: GuestMemory,
): HostcallWords {
  const given: string[] = [];
  const got: string[] = [];
  const number = (index: number): number => Number(args[index] ?? 0) >>> 0;
  const { reached } = memory;
  let at = 0;
  for (const letter of FORMS[name] ?? 'n'.repeat(args.length)) {
    const place = at;
    at += 'tpTP'.includes(letter) ? 2 : 1;
    if ('NUTP'.includes(letter) && status !== Status.OK) continue;
    switch (letter) {
      case 'n':
        given.push(String(args[place] ?? 0));
        break;
      case 't':
        given.push(quoted(memory, number(place), number(place + 1)));
        break;
      case 'p':
        given.push(pairsText(memory, number(place), number(place + 1)));
        break;
      case 'N':
        got.push(readable(memory, number(place), 4, (view) => String(view.getUint32(0, true))));
        break;
      case 'U':
        got.push(readable(memory, number(place), 8, (view) => String(view.getBigUint64(0, true))));
        break;
      case 'T':
      case 'P': {
        const pointer = numberAt(memory, number(place));
        const size = numberAt(memory, number(place + 1));
        got.push(letter === 'T' ? quoted(memory, pointer, size) : pairsText(memory, pointer, size));
        break;
      }
      default:
        given.push(NAMES[letter]?.get(number(place)) ?? String(args[place] ?? 0));
    }
  }
  // Who only looks takes no time from the module.
  memory.reached = reached;
  return { given, got };
}

function numberAt(memory: GuestMemory, pointer: number): number {
  return isWithin(memory, pointer, 4) ? memory.readU32(pointer) : 0;
}

function readable(memory: GuestMemory, pointer: number, size: number, read: (view: DataView) => string): string {
  if (!isWithin(memory, pointer, size)) return OUTSIDE;
  const bytes = memory.bytes(pointer, size);
  return read(new DataView(bytes.buffer));
}

const OUTSIDE = '(outside of the memory)';

function isWithin(memory: GuestMemory, pointer: number, size: number): boolean {
  return pointer + size <= memory.size;
}

/** Text in quotes; bytes that are none are counted. A NUL, which parts the steps of a property's path, is a dot. */
function quoted(memory: GuestMemory, pointer: number, size: number): string {
  if (!isWithin(memory, pointer, size)) return OUTSIDE;
  const bytes = memory.bytes(pointer, size);
  const text = textOf(bytes);
  if (text === undefined) return `(${size} bytes)`;
  const shown = JSON.stringify(text.slice(0, MAX_TEXT));
  return text.length > MAX_TEXT ? `${shown} and ${text.length - MAX_TEXT} more` : shown;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\0$/, '').replaceAll('\0', '.');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what has them is no text
    return /[\x01-\x08\x0e-\x1f]/.test(text) ? undefined : text;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function pairsText(memory: GuestMemory, pointer: number, size: number): string {
  if (!isWithin(memory, pointer, size)) return OUTSIDE;
  const pairs = size === 0 ? [] : decodePairs(memory.bytes(pointer, size));
  if (pairs === undefined) return `(${size} bytes)`;
  const text = pairs.map(([name, value]) => `${name}: ${value}`).join(', ');
  return `[${text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text}]`;
}

function namesOf(values: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(values).map(([name, value]) => [value, name.toLowerCase().replaceAll('_', ' ')]));
}
