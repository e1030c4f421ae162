import { Buffer } from 'node:buffer';
import { type MetricType, ModuleError, PluginError, Status } from '@heddle/wasm-host';
import {
  createFilter,
  type FilterOptions,
  type FilterRequest,
  type FilterResponse,
  type LogLine,
  type Result,
} from '@heddle/wasm-host/testing';
import { traceModule } from './traced-module.ts';
import { locateTrap, stackFrames, type TracedTrap } from './trap-log.ts';

/** See {@link runFilter}. */
export interface RunOptions {
  /** The module: the bytes of a .wasm file. */
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Its source map in JSON, to say where it fails. */
  readonly sourceMap?: string;
  /** The plugin's configuration. */
  readonly configuration?: string | Uint8Array;
  readonly request?: FilterRequest;
  /** What the upstream answers; 200 without a body unless given. */
  readonly response?: FilterResponse;
  /** Further options of the emulator: clusters, properties, … */
  readonly emulator?: Omit<FilterOptions, 'wasm' | 'configuration' | 'onLog' | 'tracesWords'>;
}

/** A call between the proxy and the module, in the order in which they began; those of the module stand below the callback they are made in. */
export type RunStep =
  | {
      readonly type: 'callback';
      readonly name: string;
      readonly args: readonly number[];
      /** Undefined of callbacks that answer nothing, and of one that failed. */
      readonly result: number | undefined;
      readonly hostcalls: readonly RunHostcall[];
    }
  /** Before the first callback, while the module starts. */
  | { readonly type: 'start'; readonly hostcalls: readonly RunHostcall[] };

/** A call of the module, with the proxy's answer. */
export interface RunHostcall {
  readonly name: string;
  /** Numbers and addresses; those beyond 2^53 as text. */
  readonly args: readonly (number | string)[];
  readonly status: number;
  /** `ok`, `not found`, `bad argument`, … */
  readonly meaning: string;
  /** What it gave in words: names in place of numbers, texts in place of addresses. */
  readonly given: readonly string[];
  /** What it got in words; nothing if the call failed. */
  readonly got: readonly string[];
}

/** What a filter did with a request. */
export interface FilterRun extends Omit<Result, 'body' | 'upstream'> {
  readonly body: Uint8Array;
  readonly upstream: (Omit<NonNullable<Result['upstream']>, 'body'> & { readonly body: Uint8Array }) | undefined;
  readonly logs: readonly LogLine[];
  readonly metrics: readonly RunMetric[];
  readonly steps: readonly RunStep[];
  /** Bytes of the module's memory. */
  readonly memoryBytes: number;
  /** Where the module failed, if it did: the proxy answers 503 then. */
  readonly failure: TracedTrap | undefined;
}

/** A metric that the filter has defined. */
export interface RunMetric {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  /** Of counters and gauges. */
  readonly value: number;
  /** What was recorded, of histograms. */
  readonly samples: readonly number[];
}

/** A proxy would not start the filter: it is no module for one, or refuses its configuration. */
export class RunError extends Error {
  readonly logs: readonly LogLine[];

  constructor(message: string, logs: readonly LogLine[], options?: ErrorOptions) {
    super(message, options);
    this.name = 'RunError';
    this.logs = logs;
  }
}

/**
 * Runs a filter, of whatever language, on one request.
 *
 * @throws RunError
 */
export async function runFilter(options: RunOptions): Promise<FilterRun> {
  const logs: LogLine[] = [];
  const filter = await createFilter({
    ...options.emulator,
    wasm: options.wasm,
    tracesWords: true,
    onLog: (line) => void logs.push(line),
    ...(options.configuration === undefined ? {} : { configuration: options.configuration }),
  }).catch((error: unknown) => {
    if (error instanceof ModuleError || error instanceof PluginError)
      throw new RunError(error.message, logs, { cause: error });
    throw error;
  });
  try {
    const result = await filter.request(options.request, options.response);
    return {
      ...result,
      body: Buffer.from(result.body, 'latin1'),
      upstream:
        result.upstream === undefined
          ? undefined
          : { ...result.upstream, body: Buffer.from(result.upstream.body, 'latin1') },
      logs,
      metrics: filter.metrics.map(({ type, name, value, samples }) => ({
        type: METRIC_TYPES[type],
        name,
        value: Number(value),
        samples: samples.map(Number),
      })),
      steps: stepsOf(filter.trace),
      memoryBytes: filter.memoryBytes,
      failure: filter.failure === undefined ? undefined : failureOf(filter.failure, options, logs),
    };
  } finally {
    filter.close();
  }
}

const METRIC_TYPES: Readonly<Record<MetricType, RunMetric['type']>> = ['counter', 'gauge', 'histogram'];

/** The trace has a callback after the calls that were made in it. */
function stepsOf(trace: Awaited<ReturnType<typeof createFilter>>['trace']): readonly RunStep[] {
  const steps: RunStep[] = [];
  let hostcalls: RunHostcall[] = [];
  for (const event of trace) {
    if (event.type === 'hostcall') {
      const args = event.args.map((one) =>
        typeof one === 'bigint' && !Number.isSafeInteger(Number(one)) ? String(one) : Number(one),
      );
      hostcalls.push({
        name: event.name,
        args,
        status: event.status,
        meaning: STATUS_WORDS.get(event.status) ?? 'unknown',
        given: event.words?.given ?? [],
        got: event.words?.got ?? [],
      });
      continue;
    }
    steps.push({ type: 'callback', name: event.name, args: event.args, result: event.result, hostcalls });
    hostcalls = [];
  }
  return hostcalls.length === 0 ? steps : [{ type: 'start', hostcalls }, ...steps];
}

const STATUS_WORDS = new Map<number, string>(
  Object.entries(Status).map(([name, value]) => [value, name.toLowerCase().replaceAll('_', ' ')]),
);

function failureOf(failure: Error, { wasm, sourceMap }: RunOptions, logs: readonly LogLine[]): TracedTrap {
  const cause = failure.cause instanceof Error ? failure.cause : failure;
  const trap = {
    callback: /failed in (\S+?):/.exec(failure.message)?.[1] ?? 'the module',
    reason: cause.message,
    message: logs.findLast(({ level, message }) => level === 'critical' && message !== failure.message)?.message,
    plugin: undefined,
    frames: stackFrames(cause),
  };
  return locateTrap(trap, new Map([['the module', traceModule(wasm, sourceMap)]]));
}
