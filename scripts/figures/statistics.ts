/** Sorted middle, 99th percentile and extremes of some measurements, rounded to a tenth. */
export interface Spread {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The spread of at least one value. Percentiles are the nearest measured value, never an interpolation. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error('Cannot describe the spread of no values');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { count: sorted.length, min: at(0.001), p50: at(0.5), p99: at(0.99), max: at(1) };
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
