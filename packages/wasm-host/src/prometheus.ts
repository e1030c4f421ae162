import { MetricType } from './abi.ts';
import type { Metric } from './metrics.ts';

/** A part of metrics' names that becomes a label (`envoy.config.metrics.v3.TagSpecifier`): what `buildFilter` gives as `statsTags`. */
export interface StatsTag {
  readonly tag_name: string;
  /** The first group is cut out of the name; the second, or the first if there is no second, is the label's value. */
  readonly regex: string;
}

/** What Envoy puts before the names of filters' metrics, and leaves out of the page. */
const PREFIX = 'wasmcustom.';

/** Upper bounds of Envoy's histograms. */
const BOUNDS = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

interface Series {
  readonly name: string;
  readonly labels: string;
  readonly metric: Metric;
}

/**
 * Metrics of filters in Prometheus' text format (version 0.0.4), under the names that Envoy's `/stats/prometheus` gives them: letters, digits,
 * `_` and `:`. Tags look for their labels in names as Envoy has them, with `wasmcustom.` in front. A histogram counts what {@link Metric.samples} still has into its buckets; count and sum are of all.
 */
export function formatPrometheus(metrics: readonly Metric[], tags: readonly StatsTag[] = []): string {
  const families = new Map<string, Series[]>();
  const labels = tags.map(({ tag_name, regex }) => ({ label: plainName(tag_name), pattern: new RegExp(regex, 'd') }));
  for (const metric of metrics) {
    const one = seriesOf(metric, labels);
    const key = `${metric.type} ${one.name}`;
    const family = families.get(key);
    if (family === undefined) families.set(key, [one]);
    else family.push(one);
  }
  const lines: string[] = [];
  for (const family of families.values()) {
    const [first] = family;
    if (first === undefined) continue;
    lines.push(`# TYPE ${first.name} ${typeName(first.metric.type)}`);
    for (const series of family) lines.push(...linesOf(series));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function seriesOf(metric: Metric, tags: readonly { readonly label: string; readonly pattern: RegExp }[]): Series {
  const full = `${PREFIX}${metric.name}`;
  const isCut = new Uint8Array(full.length);
  const labels: string[] = [];
  for (const { label, pattern } of tags) {
    const match = pattern.exec(full);
    const [start, end] = match?.indices?.[1] ?? [];
    const value = match?.[2] ?? match?.[1];
    if (start === undefined || value === undefined) continue;
    isCut.fill(1, start, end);
    labels.push(`${label}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`);
  }
  const name = [...full]
    .filter((_, at) => isCut[at] === 0)
    .join('')
    .replace(PREFIX, '');
  return { name: plainName(name), labels: labels.join(','), metric };
}

function linesOf({ name, labels, metric }: Series): string[] {
  const braces = (more: string) => {
    const all = [labels, more].filter((text) => text !== '').join(',');
    return all === '' ? '' : `{${all}}`;
  };
  if (metric.type !== MetricType.HISTOGRAM) return [`${name}${braces('')} ${metric.value}`];
  const below = (bound: number) => metric.samples.filter((sample) => Number(sample) <= bound).length;
  return [
    ...BOUNDS.map((bound) => `${name}_bucket${braces(`le="${bound}"`)} ${below(bound)}`),
    `${name}_bucket${braces('le="+Inf"')} ${metric.count}`,
    `${name}_sum${braces('')} ${metric.sum}`,
    `${name}_count${braces('')} ${metric.count}`,
  ];
}

function typeName(type: MetricType): string {
  return type === MetricType.COUNTER ? 'counter' : type === MetricType.GAUGE ? 'gauge' : 'histogram';
}

function plainName(name: string): string {
  const plain = name.replaceAll(/[^a-zA-Z0-9_:]/g, '_');
  return /^[0-9]/.test(plain) ? `_${plain}` : plain;
}
