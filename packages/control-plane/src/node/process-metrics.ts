import process from 'node:process';
import type { MetricFamily } from '../metrics/exposition.ts';

/** The process in the names that Prometheus' client libraries agree on (Prometheus, "Writing client libraries", process metrics). */
export function processMetrics(): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const startedAtMs = Date.now() - process.uptime() * 1000;
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      type: 'counter',
      samples: [{ value: (user + system) / 1e6 }],
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory size in bytes.',
      type: 'gauge',
      samples: [{ value: process.memoryUsage.rss() }],
    },
    {
      name: 'process_start_time_seconds',
      help: 'Start time of the process since unix epoch in seconds.',
      type: 'gauge',
      samples: [{ value: startedAtMs / 1000 }],
    },
  ];
}
