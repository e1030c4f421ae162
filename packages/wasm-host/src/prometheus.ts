import { MetricType } from './abi.ts';
import type { Metric } from './metrics.ts';

/** A part of metrics' names that becomes a label, as in Envoy's `stats_tags`. */
export interface StatsTag {
  readonly name: string;
  /** The first group is cut out of the name; the second, or the first if there is no second, is the label's value. */
  readonly pattern: RegExp;
}

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
 * `_` and `:`. A histogram counts what {@link Metric.samples} still has into its buckets; count and sum are of all.
 */
export function formatPrometheus(metrics: readonly Metric[], tags: readonly StatsTag[] = []): string {
  const families = new Map<string, Series[]>();
  for (const metric of metrics) {
    const one = seriesOf(metric, tags);
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

function seriesOf(metric: Metric, tags: readonly StatsTag[]): Series {
  let name = metric.name;
  const labels: string[] = [];
  for (const tag of tags) {
    const match = tag.pattern.exec(name);
    const [, cut, value = cut] = match ?? [];
    if (match === null || cut === undefined || value === undefined) continue;
    const at = match.index + match[0].indexOf(cut);
    name = name.slice(0, at) + name.slice(at + cut.length);
    labels.push(
      `${plainName(tag.name)}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
    );
  }
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
