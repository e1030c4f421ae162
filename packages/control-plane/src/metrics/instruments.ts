import { formatNumber, type MetricFamily, type Sample } from './exposition.ts';

/** Counts what happens, apart for each value of one label. */
export class LabelledCounter {
  readonly #name: string;
  readonly #help: string;
  readonly #label: string;
  readonly #counts = new Map<string, number>();

  constructor(name: string, help: string, label: string) {
    this.#name = name;
    this.#help = help;
    this.#label = label;
  }

  add(value: string, count = 1): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + count);
  }

  family(): MetricFamily {
    const samples = [...this.#counts].map(([value, count]) => ({ labels: { [this.#label]: value }, value: count }));
    return { name: this.#name, help: this.#help, type: 'counter', samples };
  }
}

interface Distribution {
  /** By bucket, each without the ones below it; the last is what exceeds all bounds. */
  readonly counts: number[];
  sum: number;
}

/** How often a measure fell into which range, apart for each value of one label if there is one. */
export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #label: string | undefined;
  readonly #distributions = new Map<string, Distribution>();

  /** `bounds` are the buckets' upper bounds (inclusive), ascending. */
  constructor(name: string, help: string, bounds: readonly number[], label?: string) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
    this.#label = label;
    if (label === undefined) this.#distribution('');
  }

  observe(measure: number, labelValue = ''): void {
    const { counts } = this.#distribution(labelValue);
    let bucket = 0;
    while (bucket < this.#bounds.length && measure > (this.#bounds[bucket] as number)) bucket += 1;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    this.#distribution(labelValue).sum += measure;
  }

  family(): MetricFamily {
    const samples = [...this.#distributions].flatMap(([value, distribution]) =>
      this.#samples(this.#label === undefined ? {} : { [this.#label]: value }, distribution),
    );
    return { name: this.#name, help: this.#help, type: 'histogram', samples };
  }

  #distribution(labelValue: string): Distribution {
    let distribution = this.#distributions.get(labelValue);
    if (distribution === undefined) {
      distribution = { counts: new Array<number>(this.#bounds.length + 1).fill(0), sum: 0 };
      this.#distributions.set(labelValue, distribution);
    }
    return distribution;
  }

  #samples(labels: Readonly<Record<string, string>>, { counts, sum }: Distribution): readonly Sample[] {
    let below = 0;
    const buckets = [...this.#bounds, Number.POSITIVE_INFINITY].map((bound, index): Sample => {
      below += counts[index] ?? 0;
      return { suffix: '_bucket', labels: { ...labels, le: formatNumber(bound) }, value: below };
    });
    return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: below }];
  }
}
