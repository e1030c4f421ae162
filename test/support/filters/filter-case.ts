import type { JsonValue } from '@bufbuild/protobuf';

/** A value to be found: equal, or matched by the expression; null means that there is none. */
export type Wanted = string | RegExp | null;

/** What a cluster answers, to the filter or in the upstream's place. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What the filter asks a cluster of its own accord. */
export interface ScriptedCall {
  readonly method: string;
  readonly path: string;
  /** Names in lower case; without pseudo-headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a cluster answers to a call of the filter: undefined is no answer in time, a promise (not in the emulator) one that comes later. */
export type ClusterScript = (call: ScriptedCall) => ScriptedAnswer | undefined | Promise<ScriptedAnswer>;

/** One request and what is to become of it, on every plane alike. */
export interface FilterCase {
  readonly name: string;
  /** The plugin's configuration: text as it is, anything else as JSON. */
  readonly configuration: JsonValue;
  readonly request: {
    /** Default: GET. */
    readonly method?: string;
    /** Default: `/`. */
    readonly path?: string;
    /** Default: `test`. */
    readonly authority?: string;
    /** A list is sent as several headers. Characters are bytes. */
    readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    readonly body?: string;
  };
  /** What the upstream answers. Default: 200 with the body `upstream`. */
  readonly response?: ScriptedAnswer;
  readonly expect: {
    readonly status: number;
    readonly body?: string | RegExp;
    readonly headers?: Readonly<Record<string, Wanted>>;
    /** What reached the upstream; null if nothing may. */
    readonly upstream?: {
      readonly path?: string;
      readonly method?: string;
      readonly headers?: Readonly<Record<string, Wanted>>;
      readonly body?: string;
    } | null;
    /** By how much counters rise, by their names without Envoy's prefix. */
    readonly metrics?: Readonly<Record<string, number>>;
  };
}

/** What became of a request. Names of headers are in lower case, values of repeated ones joined by a comma. */
export interface Outcome {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly upstream:
    | {
        readonly method: string;
        readonly path: string;
        readonly headers: Readonly<Record<string, string>>;
        readonly body: string;
      }
    | undefined;
}

/** Something that runs filters: the emulator, an Envoy, a gateway. */
export interface FilterPlane extends AsyncDisposable {
  /** Sends a case's request; one at a time. */
  send(filterCase: FilterCase): Promise<Outcome>;
  /** Sends a case's request and goes away without its answer, when this resolves. */
  leave(filterCase: FilterCase, when: Promise<void>): Promise<void>;
  /** Counters and gauges of the filter, by their names without prefixes. */
  metrics(filterCase: FilterCase): Promise<ReadonlyMap<string, number>>;
}

/** What a plane starts with. */
export interface PlaneOptions {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The filter's own envoy.yaml, parsed. */
  readonly example: JsonValue;
  readonly cases: readonly FilterCase[];
  /** Clusters that the filter calls: by name. Undefined is no answer in time. */
  readonly clusters: Readonly<Record<string, ClusterScript>>;
  /** Whether there is a listener with the very configuration of envoy.yaml too. */
  readonly usesExample?: boolean;
  /** Where Envoy's admin interface listens; default: any port. */
  readonly adminPort?: number;
  /** What the plane logs, line by line. */
  readonly onLog?: (message: string) => void;
}

/** The bytes that a plugin gets as its configuration. */
export function configurationText(configuration: JsonValue): string {
  return typeof configuration === 'string' ? configuration : JSON.stringify(configuration);
}

export const DEFAULT_ANSWER: ScriptedAnswer = { body: 'upstream' };

/** Differences of an outcome from what its case expects, in words. */
export function unmet({ expect }: FilterCase, outcome: Outcome): string[] {
  const problems: string[] = [];
  const check = (what: string, wanted: Wanted | undefined, found: string | undefined) => {
    if (wanted === undefined || isWanted(wanted, found)) return;
    problems.push(`${what}: found ${found === undefined ? 'none' : JSON.stringify(found)}, wanted ${shown(wanted)}`);
  };
  if (outcome.status !== expect.status) problems.push(`status: found ${outcome.status}, wanted ${expect.status}`);
  check('body', expect.body, outcome.body);
  for (const [name, wanted] of Object.entries(expect.headers ?? {}))
    check(`header "${name}"`, wanted, outcome.headers[name]);
  const { upstream } = expect;
  if (upstream === null && outcome.upstream !== undefined)
    problems.push('upstream: found a request there, wanted none');
  if (upstream !== null && upstream !== undefined) {
    if (outcome.upstream === undefined) problems.push('upstream: found no request there, wanted one');
    check('upstream method', upstream.method, outcome.upstream?.method);
    check('upstream path', upstream.path, outcome.upstream?.path);
    check('upstream body', upstream.body, outcome.upstream?.body);
    for (const [name, wanted] of Object.entries(upstream.headers ?? {}))
      check(`upstream header "${name}"`, wanted, outcome.upstream?.headers[name]);
  }
  return problems;
}

function isWanted(wanted: Wanted, found: string | undefined): boolean {
  if (wanted === null) return found === undefined;
  return typeof wanted === 'string' ? wanted === found : found !== undefined && wanted.test(found);
}

function shown(wanted: Wanted): string {
  if (wanted === null) return 'none';
  return typeof wanted === 'string' ? JSON.stringify(wanted) : String(wanted);
}

/** What a proxy adds of its own accord, whichever filter runs in it. */
const ADDED =
  /^(?:date|server|via|connection|keep-alive|transfer-encoding|host|content-length|x-request-id|x-forwarded-.*|x-envoy-.*)$/;

/**
 * An outcome without what proxies add to each message, for holding two planes' against each other.
 *
 * @param random names of headers whose values are never the same
 */
export function comparable({ status, headers, body, upstream }: Outcome, random?: RegExp): Outcome {
  return {
    status,
    headers: withoutAdded(headers, random),
    body,
    upstream: upstream === undefined ? undefined : { ...upstream, headers: withoutAdded(upstream.headers, random) },
  };
}

function withoutAdded(headers: Readonly<Record<string, string>>, random?: RegExp): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !ADDED.test(name))
      .map(([name, value]): [string, string] => [name, random?.test(name) ? 'random' : value])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
