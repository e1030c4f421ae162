import { expect, test } from 'vitest';
import { MetricType, Status } from './abi.ts';
import { Metrics } from './metrics.ts';

test('identifiers say their type, and a name of one type is one metric', () => {
  const metrics = new Metrics();
  expect(metrics.define(MetricType.COUNTER, 'a')).toBe(4);
  expect(metrics.define(MetricType.COUNTER, 'b')).toBe(8);
  expect(metrics.define(MetricType.GAUGE, 'a')).toBe(5);
  expect(metrics.define(MetricType.HISTOGRAM, 'a')).toBe(6);
  expect(metrics.define(MetricType.COUNTER, 'a')).toBe(4);
  expect(metrics.define(3, 'a')).toBeUndefined();
});

test('a counter only grows', () => {
  const metrics = new Metrics();
  const id = metrics.define(MetricType.COUNTER, 'a') as number;
  expect(metrics.increment(id, 2n)).toBe(Status.OK);
  expect(metrics.record(id, 3n)).toBe(Status.OK);
  expect(metrics.increment(id, -1n)).toBe(Status.BAD_ARGUMENT);
  expect(metrics.increment(id, 0n)).toBe(Status.BAD_ARGUMENT);
  expect(metrics.get(id)).toBe(5n);
});

test('a gauge goes both ways and is set', () => {
  const metrics = new Metrics();
  const id = metrics.define(MetricType.GAUGE, 'a') as number;
  metrics.record(id, 10n);
  metrics.increment(id, -4n);
  expect(metrics.get(id)).toBe(6n);
  metrics.record(id, 1n);
  expect(metrics.get(id)).toBe(1n);
});

test('a histogram takes samples and has no value', () => {
  const metrics = new Metrics();
  const id = metrics.define(MetricType.HISTOGRAM, 'a') as number;
  metrics.record(id, 7n);
  expect(metrics.increment(id, 1n)).toBe(Status.BAD_ARGUMENT);
  expect(metrics.get(id)).toBe(Status.BAD_ARGUMENT);
  expect(metrics.all()).toEqual([
    { type: MetricType.HISTOGRAM, name: 'a', value: 0n, samples: [7n], count: 1, sum: 7n },
  ]);
});

test('what was not defined is not found', () => {
  const metrics = new Metrics();
  expect(metrics.increment(400, 1n)).toBe(Status.NOT_FOUND);
  expect(metrics.record(401, 1n)).toBe(Status.NOT_FOUND);
  expect(metrics.get(400)).toBe(Status.NOT_FOUND);
  expect(metrics.record(403, 1n)).toBe(Status.NOT_FOUND);
});
