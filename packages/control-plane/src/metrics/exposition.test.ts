import { expect, test } from 'vitest';
import { formatMetrics } from './exposition.ts';
import { Histogram, LabelledCounter } from './instruments.ts';

test('formatMetrics: writes the text format, with its escapes', () => {
  const text = formatMetrics([
    {
      name: 'a',
      help: 'back\\slash\nline "quoted"',
      type: 'gauge',
      samples: [{ value: 1.5 }, { labels: { x: 'a"b\\c\nd', y: '2' }, value: Number.POSITIVE_INFINITY }],
    },
    { name: 'b', help: 'none', type: 'counter', samples: [] },
  ]);
  expect(text).toBe(
    [
      '# HELP a back\\\\slash\\nline "quoted"',
      '# TYPE a gauge',
      'a 1.5',
      'a{x="a\\"b\\\\c\\nd",y="2"} +Inf',
      '# HELP b none',
      '# TYPE b counter',
      '',
    ].join('\n'),
  );
});

test('Histogram: buckets are cumulative, bounds inclusive', () => {
  const histogram = new Histogram('h', 'help', [1, 2]);
  for (const measure of [1, 1.5, 2, 7]) histogram.observe(measure);
  expect(formatMetrics([histogram.family()]).split('\n').slice(2)).toEqual([
    'h_bucket{le="1"} 1',
    'h_bucket{le="2"} 3',
    'h_bucket{le="+Inf"} 4',
    'h_sum 11.5',
    'h_count 4',
    '',
  ]);
});

test('Histogram: without a label it is there from the start, with one from its first measure', () => {
  expect(new Histogram('h', 'help', [1]).family().samples.map(({ value }) => value)).toEqual([0, 0, 0, 0]);
  const labelled = new Histogram('h', 'help', [1], 'type');
  expect(labelled.family().samples).toEqual([]);
  labelled.observe(3, 'cds');
  expect(labelled.family().samples.at(-1)).toEqual({ suffix: '_count', labels: { type: 'cds' }, value: 1 });
});

test('LabelledCounter: counts each value by itself', () => {
  const counter = new LabelledCounter('c', 'help', 'type');
  counter.add('cds');
  counter.add('eds', 2);
  counter.add('cds');
  expect(counter.family().samples).toEqual([
    { labels: { type: 'cds' }, value: 2 },
    { labels: { type: 'eds' }, value: 2 },
  ]);
});
