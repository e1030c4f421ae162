import type { CaseOutcome, SeenMessage } from './probe-case.ts';
import type { TcpOutcome } from './tcp-cases.ts';
import { type ProbeLine, parseLine } from './transcript.ts';

/** One thing in which our host is not as Envoy. */
export interface Difference {
  readonly case: string;
  /** With `root` before it if a root context's. */
  readonly callback: string;
  /** A hostcall with its arguments, or `order`, `arguments`, `result`, `client`, `upstream`. */
  readonly call: string;
  readonly envoy: string;
  readonly host: string;
}

/** A callback with what was called in it. */
export interface Callback {
  readonly name: string;
  readonly values: string;
  readonly calls: readonly ProbeLine[];
  readonly result: number | undefined;
}

/** What differs of a case. */
export function compareCase(name: string, envoy: CaseOutcome, host: CaseOutcome): Difference[] {
  const differences = compareLines(name, envoy.lines, host.lines);
  const [one, other] = [envoy.printed.join(' / '), host.printed.join(' / ')];
  if (one !== other) differences.push({ case: name, callback: '', call: 'printed', envoy: one, host: other });
  return [...differences, ...compareMessages(name, envoy, host)];
}

/** What differs of what the client got, and the upstream. */
export function compareMessages(
  name: string,
  envoy: Pick<CaseOutcome, 'client' | 'upstream'>,
  host: Pick<CaseOutcome, 'client' | 'upstream'>,
): Difference[] {
  return (['client', 'upstream'] as const).flatMap((call) => {
    const [one, other] = [describe(envoy[call] ?? 'nothing'), describe(host[call] ?? 'nothing')];
    return one === other ? [] : [{ case: name, callback: '', call, envoy: one, host: other }];
  });
}

/** What differs of a connection. */
export function compareTcpCase(name: string, envoy: TcpOutcome, host: TcpOutcome): Difference[] {
  const differences = compareLines(name, envoy.lines, host.lines);
  for (const call of ['client', 'upstream', 'isOver'] as const) {
    const [one, other] = [String(envoy[call]), String(host[call])];
    if (one !== other) differences.push({ case: name, callback: '', call, envoy: one, host: other });
  }
  return differences;
}

/** What differs of what the probe said. */
export function compareLines(name: string, envoy: readonly string[], host: readonly string[]): Difference[] {
  const differences: Difference[] = [];
  const ours = callbacks(host);
  const theirs = callbacks(envoy);
  const order = (list: readonly Callback[]) => list.map((callback) => callback.name).join(' ');
  // What root contexts hear comes when it comes; in what order, is compared by itself.
  for (const isRoot of [false, true]) {
    const [one, other] = [theirs, ours].map((list) =>
      order(list.filter((each) => each.name.startsWith('root ') === isRoot)),
    );
    if (one !== other)
      differences.push({ case: name, callback: '', call: 'order', envoy: one ?? '', host: other ?? '' });
  }
  const seen = new Map<string, number>();
  for (const theirsOne of theirs) {
    const nth = seen.get(theirsOne.name) ?? 0;
    seen.set(theirsOne.name, nth + 1);
    const oursOne = ours.filter((callback) => callback.name === theirsOne.name)[nth];
    if (oursOne === undefined) continue;
    const differ = (call: string, one: string, other: string) => {
      if (one !== other) differences.push({ case: name, callback: theirsOne.name, call, envoy: one, host: other });
    };
    differ('arguments', theirsOne.values, oursOne.values);
    differ('result', String(theirsOne.result), String(oursOne.result));
    const count = Math.max(theirsOne.calls.length, oursOne.calls.length);
    for (let at = 0; at < count; at += 1) {
      const [one, other] = [theirsOne.calls[at], oursOne.calls[at]];
      if (one?.call !== other?.call) {
        differ('calls', one?.call ?? 'no more', other?.call ?? 'no more');
        break;
      }
      if (one !== undefined && other !== undefined) differ(one.call, answerOf(one), answerOf(other));
    }
  }
  return differences;
}

/** The callbacks in which lines were said. */
export function callbacks(lines: readonly string[]): Callback[] {
  const found: { name: string; values: string; calls: ProbeLine[]; result: number | undefined }[] = [];
  for (const text of lines) {
    const line = parseLine(text);
    if (line === undefined) continue;
    const current = found.at(-1);
    if (line.call === '>') {
      const name = `${line.context === 1 ? 'root ' : ''}${line.callback}`;
      found.push({ name, values: line.callback === 'context_create' ? '' : line.values, calls: [], result: undefined });
    } else if (current === undefined) continue;
    else if (line.call === '<') current.result = line.status;
    else current.calls.push(line);
  }
  return found;
}

/** Status and values of a call, without what is another one in each run. */
export function answerOf({ callback, call, status, values }: ProbeLine): string {
  // Envoy adds the date when the filters have seen the response, so that only the log has it.
  if (callback === 'log' && call === 'get_header_map_pairs 2') {
    return `${status} ${values.replace(/^\d+ bytes: /, '').replace(/; date=[^;]+ GMT/, '')}`;
  }
  if (/^get_property \S+\.(?:headers|trailers)$/.test(call)) return `${status} ${sortedPairs(values)}`;
  if (values.includes('x-envoy-upstream-service-time=')) {
    return `${status} ${values.replace(/^\d+ bytes: /, '').replace(/(?<=service-time=)\d+/, 'some')}`;
  }
  return `${status} ${VARYING.test(call) ? values.replace(/".*"/, 'some') : values}`.trimEnd();
}

const VARYING =
  /^get_property (?:request\.(?:time|duration)|connection\.id|connection_id|(?:source|destination|upstream)\.(?:address|port|local_address|cx_pool_ready_duration)|response\.backend_latency|(?:xds\.)?node)$/;

/** A map of headers that was dumped as bytes, in order of names and without the date, which Envoy adds when the filters have seen them. */
function sortedPairs(values: string): string {
  if (!values.startsWith('"')) return values;
  const text = values
    .slice(1, -1)
    .replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const bytes = Buffer.from(text, 'latin1');
  const pairs: string[] = [];
  const count = bytes.readUInt32LE(0);
  for (let index = 0, at = 4 + count * 8; index < count; index += 1) {
    const [name, value] = [bytes.readUInt32LE(4 + index * 8), bytes.readUInt32LE(8 + index * 8)];
    pairs.push(`${text.slice(at, at + name)}=${text.slice(at + name + 1, at + name + 1 + value)}`);
    at += name + value + 2;
  }
  return pairs
    .filter((pair) => !pair.startsWith('date='))
    .sort()
    .join('; ');
}

function describe(message: SeenMessage | string): string {
  if (typeof message === 'string') return message;
  // Each name once, with its values joined.
  const pairs = (list: SeenMessage['headers']) => {
    const values = new Map<string, string>();
    for (const [name, value] of list) values.set(name, values.has(name) ? `${values.get(name)},${value}` : value);
    return [...values]
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join('; ');
  };
  const trailers = message.trailers.length === 0 ? '' : ` | ${pairs(message.trailers)}`;
  return shorten(`${pairs(message.headers)} | ${message.body}${trailers}`);
}

function shorten(text: string): string {
  return text.length < 2000 ? text : `${text.slice(0, 500)}… ${text.length} characters`;
}
