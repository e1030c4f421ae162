import { MetricType, Status } from './abi.ts';

/** A metric as it stands. */
export interface Metric {
  readonly type: MetricType;
  readonly name: string;
  /** Of counters and gauges. */
  readonly value: bigint;
  /** What was recorded, of histograms. */
  readonly samples: readonly bigint[];
  /** How many samples a histogram has taken, also those that are kept no more, and their sum. */
  readonly count: number;
  readonly sum: bigint;
}

/** Two bits of an identifier are the type; identifiers of a type count on from it in fours. */
const TYPE_MASK = 3;
const STEP = 4;

/** Samples kept of one histogram: it is for tests and debugging, not a time series. */
const MAX_SAMPLES = 1_000;

/** What the names of all metrics may take, with what stands beside them. */
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const METRIC_BYTES = 256;

const UINT64 = (1n << 64n) - 1n;

interface Entry {
  readonly type: MetricType;
  readonly name: string;
  value: bigint;
  readonly samples: bigint[];
  count: number;
  sum: bigint;
}

/** Metrics that modules define (`proxy_define_metric` and its kin), with the codes that Envoy answers. */
export class Metrics {
  readonly #byName = new Map<string, number>();
  readonly #byId = new Map<number, Entry>();
  readonly #lastId: [number, number, number] = [MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM];
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes what names may take, 256 bytes for each beside its own; default 64 MiB, some 200,000 metrics */
  constructor(maxBytes: number = DEFAULT_MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The identifier of a metric, or undefined for a type that is none and for one metric more than there is room for. A name of the same type is
   * the same metric.
   */
  define(type: number, name: string): number | undefined {
    if (type !== MetricType.COUNTER && type !== MetricType.GAUGE && type !== MetricType.HISTOGRAM) return undefined;
    const key = `${type} ${name}`;
    const known = this.#byName.get(key);
    if (known !== undefined) return known;
    if (this.#bytes + name.length + METRIC_BYTES > this.#maxBytes) return undefined;
    this.#bytes += name.length + METRIC_BYTES;
    const id = this.#lastId[type] + STEP;
    this.#lastId[type] = id;
    this.#byName.set(key, id);
    this.#byId.set(id, { type, name, value: 0n, samples: [], count: 0, sum: 0n });
    return id;
  }

  /** Adds to a counter or a gauge. */
  increment(id: number, offset: bigint): Status {
    const type = id & TYPE_MASK;
    if (type !== MetricType.COUNTER && type !== MetricType.GAUGE) return Status.BAD_ARGUMENT;
    const metric = this.#byId.get(id);
    if (metric === undefined) return Status.NOT_FOUND;
    if (type === MetricType.COUNTER && offset <= 0n) return Status.BAD_ARGUMENT;
    metric.value = (metric.value + offset) & UINT64;
    return Status.OK;
  }

  /** Adds to a counter, sets a gauge, takes a sample for a histogram. */
  record(id: number, value: bigint): Status {
    const metric = this.#byId.get(id);
    if (metric === undefined) return Status.NOT_FOUND;
    const unsigned = value & UINT64;
    switch (metric.type) {
      case MetricType.COUNTER:
        metric.value = (metric.value + unsigned) & UINT64;
        break;
      case MetricType.GAUGE:
        metric.value = unsigned;
        break;
      case MetricType.HISTOGRAM:
        metric.samples.push(unsigned);
        metric.count += 1;
        metric.sum += unsigned;
        if (metric.samples.length > MAX_SAMPLES) metric.samples.shift();
        break;
    }
    return Status.OK;
  }

  /** The value of a counter or gauge, or why there is none. */
  get(id: number): bigint | typeof Status.NOT_FOUND | typeof Status.BAD_ARGUMENT {
    const type = id & TYPE_MASK;
    if (type !== MetricType.COUNTER && type !== MetricType.GAUGE) return Status.BAD_ARGUMENT;
    return this.#byId.get(id)?.value ?? Status.NOT_FOUND;
  }

  /** All that were defined, in that order. */
  all(): readonly Metric[] {
    return [...this.#byId.values()].map(({ type, name, value, samples, count, sum }) => ({
      type,
      name,
      value,
      samples: [...samples],
      count,
      sum,
    }));
  }
}
