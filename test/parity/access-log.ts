import { REQUEST_ID_HEADER } from './echo-backends.ts';

/** What both data planes log of every request, and is compared. */
export const LOGGED = [
  'REQ(:METHOD)',
  'REQ(:AUTHORITY)',
  'REQ(X-ENVOY-ORIGINAL-PATH?:PATH)',
  'PROTOCOL',
  'ROUTE_NAME',
  'UPSTREAM_CLUSTER_RAW',
  'RESPONSE_CODE',
  'RESPONSE_FLAGS',
  'RESPONSE_CODE_DETAILS',
  'UPSTREAM_TRANSPORT_FAILURE_REASON',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  'BYTES_RECEIVED',
  'BYTES_SENT',
] as const;

const MARK = 'parity-log';
const SEPARATOR = ' | ';

/** The access log format of the mesh under test. */
export const LOG_FORMAT = `${[MARK, `%REQ(${REQUEST_ID_HEADER})%`, ...LOGGED.map((field) => `%${field}%`)].join(SEPARATOR)}\n`;

/** Values of {@link LOGGED} by field. */
export type LogEntry = Readonly<Record<string, string>>;

/** Keeps access log entries until they are asked for. */
export class AccessLog {
  readonly #entries = new Map<string, LogEntry>();
  readonly #waiting = new Set<() => void>();

  /** Takes a line of output; what is no entry, or belongs to no request with an id, is passed over. */
  add(line: string): void {
    if (line.startsWith('{')) {
      this.#addJson(line);
      return;
    }
    const [mark, id, ...values] = line.trimEnd().split(SEPARATOR);
    if (mark !== MARK || id === undefined || id === '-') return;
    this.#entries.set(id, Object.fromEntries(LOGGED.map((field, i) => [field, values[i] ?? ''])));
    for (const wake of this.#waiting) wake();
  }

  /** The same as a JSON object, of a case that asks for it: `id` is the request's, the other values count as they are written. */
  #addJson(line: string): void {
    const { id, ...values } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (typeof id !== 'string') return;
    const written = Object.entries(values).map(([field, value]) => [field, JSON.stringify(value)]);
    this.#entries.set(id, Object.fromEntries(written));
    for (const wake of this.#waiting) wake();
  }

  /** The entry of a request, once it is there; undefined when it does not come within `withinMs`. */
  async take(requestId: string, withinMs: number): Promise<LogEntry | undefined> {
    const until = performance.now() + withinMs;
    for (;;) {
      const entry = this.#entries.get(requestId);
      const left = until - performance.now();
      if (entry !== undefined || left <= 0) {
        this.#entries.delete(requestId);
        return entry;
      }
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, left);
        this.#waiting.add(done);
      });
    }
  }
}
