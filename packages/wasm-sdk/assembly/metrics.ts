import { proxy_define_metric, proxy_get_metric, proxy_increment_metric, proxy_record_metric } from "./hostcalls";
import { OUT } from "./memory";
import { copyOf, uninitialized, utf8 } from "./text";

// The host's metrics have no labels. They become part of the name, in Istio's way, and the proxy's `stats_tags` takes them out again
// (`statsTags` of @heddle/wasm-sdk/transform makes these):
//
//     code=.=200;.;method=.=GET;.;requests_total

/** A metric: the host's number of it is asked for when it is first used. */
export abstract class Metric {
  private id: u32 = 0;

  constructor(private kind: u32, private name: ArrayBuffer) {}

  protected number(): u32 {
    if (this.id == 0 && proxy_define_metric(this.kind, changetype<usize>(this.name), this.name.byteLength, OUT) == 0) {
      this.id = load<u32>(OUT);
    }
    return this.id;
  }

  /** What the host has counted, in all its machines together; 0 for a histogram. */
  get value(): u64 {
    return proxy_get_metric(this.number(), OUT) == 0 ? load<u64>(OUT) : 0;
  }
}

/** Counts up. */
export class Counter extends Metric {
  constructor(name: string, encoded: ArrayBuffer | null = null) {
    super(0, encoded === null ? utf8(name) : encoded);
  }

  increment(by: u64 = 1): void {
    // The host takes nothing for a mistake.
    if (by > 0) proxy_increment_metric(this.number(), by);
  }
}

/** Goes up and down. */
export class Gauge extends Metric {
  constructor(name: string, encoded: ArrayBuffer | null = null) {
    super(1, encoded === null ? utf8(name) : encoded);
  }

  set(value: u64): void {
    proxy_record_metric(this.number(), value);
  }

  add(by: i64): void {
    proxy_increment_metric(this.number(), by);
  }
}

/** Takes samples. */
export class Histogram extends Metric {
  constructor(name: string, encoded: ArrayBuffer | null = null) {
    super(2, encoded === null ? utf8(name) : encoded);
  }

  record(value: u64): void {
    proxy_record_metric(this.number(), value);
  }
}

/** One member of a family. */
class Series<T> {
  next: Series<T> | null = null;
  constructor(readonly name: ArrayBuffer, readonly metric: T) {}
}

const CHAINS: i32 = 64;

/**
 * Metrics of one name with labels: `MetricFamily<Counter>`. Values come from requests, so there is an end to how many members a family has:
 * beyond it, all that is new is counted under values `other`.
 *
 * @example
 * const requests = new MetricFamily<Counter>("requests_total", ["code", "method"]);
 * requests.with(["200", "GET"]).increment();
 */
export class MetricFamily<T extends Metric> {
  private labels: ArrayBuffer[] = [];
  private suffix: ArrayBuffer;
  private chains: StaticArray<Series<T> | null> = new StaticArray<Series<T> | null>(CHAINS);
  private count: u32 = 0;
  private scratch: ArrayBuffer = uninitialized(256);

  /** @param labels as literals here, so that the build can make `stats_tags` of them */
  constructor(name: string, labels: string[], private maxSeries: u32 = 1000) {
    this.suffix = utf8(name);
    for (let index = 0; index < labels.length; index++) this.labels.push(utf8(labels[index]));
  }

  /** The metric with these values of the labels, in their order; what is missing is empty. */
  with(values: string[]): T {
    const known = this.find(this.write(values, false));
    if (known !== null) return known.metric;
    if (this.count >= this.maxSeries) {
      const other = this.find(this.write(values, true));
      if (other !== null) return other.metric;
    }
    return this.add();
  }

  /** Writes the name into `scratch` and gives its size. */
  private write(values: string[], isOther: bool): u32 {
    let needed: u32 = this.suffix.byteLength;
    const labels = this.labels;
    for (let index = 0; index < labels.length; index++) {
      needed += unchecked(labels[index]).byteLength + 6 + (index < values.length ? values[index].length * 3 : 0) + 5;
    }
    if (<u32>this.scratch.byteLength < needed) this.scratch = uninitialized(needed << 1);
    const start = changetype<usize>(this.scratch);
    let at = start;
    for (let index = 0; index < labels.length; index++) {
      at = put(at, unchecked(labels[index]));
      store<u8>(at, 0x3d);
      store<u8>(at + 1, 0x2e);
      store<u8>(at + 2, 0x3d);
      at = putValue(at + 3, isOther ? utf8("other") : index < values.length ? utf8(values[index]) : utf8(""));
      store<u8>(at, 0x3b);
      store<u8>(at + 1, 0x2e);
      store<u8>(at + 2, 0x3b);
      at += 3;
    }
    at = put(at, this.suffix);
    this.size = <u32>(at - start);
    return this.size;
  }

  private size: u32 = 0;
  private chain: u32 = 0;

  private find(size: u32): Series<T> | null {
    const start = changetype<usize>(this.scratch);
    let hash: u32 = 0x811c9dc5;
    for (let index: u32 = 0; index < size; index++) hash = (hash ^ load<u8>(start + index)) * 0x01000193;
    this.chain = (hash ^ (hash >> 16)) & (CHAINS - 1);
    let series = unchecked(this.chains[this.chain]);
    while (series !== null) {
      const name = series.name;
      if (name.byteLength == size && memory.compare(changetype<usize>(name), start, size) == 0) return series;
      series = series.next;
    }
    return null;
  }

  /** A metric of the name in `scratch`. */
  private add(): T {
    const name = copyOf(changetype<usize>(this.scratch), this.size);
    const series = new Series<T>(name, instantiate<T>("", name));
    series.next = unchecked(this.chains[this.chain]);
    unchecked(this.chains[this.chain] = series);
    this.count++;
    return series.metric;
  }
}

function put(at: usize, bytes: ArrayBuffer): usize {
  memory.copy(at, changetype<usize>(bytes), bytes.byteLength);
  return at + bytes.byteLength;
}

/** A value without what would end it early, or what no name may have. */
function putValue(at: usize, bytes: ArrayBuffer): usize {
  const start = changetype<usize>(bytes);
  for (let index: usize = 0, size: usize = bytes.byteLength; index < size; index++) {
    const byte = load<u8>(start + index);
    store<u8>(at + index, byte < 0x20 || byte == 0x3b ? 0x5f : byte);
  }
  return at + bytes.byteLength;
}
