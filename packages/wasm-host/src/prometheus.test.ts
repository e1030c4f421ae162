import { expect, test } from 'vitest';
import { MetricType } from './abi.ts';
import { Metrics } from './metrics.ts';
import { formatPrometheus } from './prometheus.ts';

function metrics(): Metrics {
  const all = new Metrics();
  all.increment(all.define(MetricType.COUNTER, 'requests.by-key') as number, 3n);
  all.record(all.define(MetricType.GAUGE, '2nd gauge') as number, 7n);
  const histogram = all.define(MetricType.HISTOGRAM, 'took_ms') as number;
  for (const value of [1n, 3n, 700n, 9_000_000n]) all.record(histogram, value);
  return all;
}

test('formatPrometheus writes counters, gauges and histograms under plain names', () => {
  const lines = formatPrometheus(metrics().all()).split('\n');
  expect(lines.slice(0, 5)).toEqual([
    '# TYPE requests_by_key counter',
    'requests_by_key 3',
    '# TYPE _2nd_gauge gauge',
    '_2nd_gauge 7',
    '# TYPE took_ms histogram',
  ]);
  expect(lines).toEqual(
    expect.arrayContaining([
      'took_ms_bucket{le="0.5"} 0',
      'took_ms_bucket{le="1"} 1',
      'took_ms_bucket{le="5"} 2',
      'took_ms_bucket{le="500"} 2',
      'took_ms_bucket{le="1000"} 3',
      'took_ms_bucket{le="3600000"} 3',
      'took_ms_bucket{le="+Inf"} 4',
      'took_ms_sum 9000704',
      'took_ms_count 4',
    ]),
  );
});

test('formatPrometheus makes labels of parts of names, one family of all', () => {
  const all = new Metrics();
  for (const [name, value] of [
    ['requests_total;code=200;by=a"b', 2n],
    ['requests_total;code=503;by=c', 1n],
  ] as const) {
    all.increment(all.define(MetricType.COUNTER, name) as number, value);
  }
  const tags = [
    { tag_name: 'response.code', regex: '(;code=([^;]*))' },
    { tag_name: 'by', regex: '(;by=([^;]*))' },
    { tag_name: 'absent', regex: '(;absent=([^;]*))' },
  ];
  expect(formatPrometheus(all.all(), tags)).toBe(
    [
      '# TYPE requests_total counter',
      'requests_total{response_code="200",by="a\\"b"} 2',
      'requests_total{response_code="503",by="c"} 1',
      '',
    ].join('\n'),
  );
});

test('formatPrometheus finds labels where names begin in Envoy, and where other labels end', () => {
  const all = new Metrics();
  all.increment(all.define(MetricType.COUNTER, 'path=.=/a;.;code=.=200;.;requests_total') as number, 1n);
  const tags = ['code', 'path'].map((label) => ({
    tag_name: label,
    regex: `(?:wasmcustom\\.|;\\.;)(${label}=\\.=(.*?);\\.;)`,
  }));
  expect(formatPrometheus(all.all(), tags)).toBe(
    '# TYPE requests_total counter\nrequests_total{code="200",path="/a"} 1\n',
  );
});

test('a histogram counts all, and keeps the last thousand', () => {
  const all = new Metrics();
  const id = all.define(MetricType.HISTOGRAM, 'h') as number;
  for (let count = 0; count < 2500; count += 1) all.record(id, 2n);
  expect(all.all()[0]).toMatchObject({ count: 2500, sum: 5000n });
  expect(all.all()[0]?.samples).toHaveLength(1000);
});
