import { statusName } from './status-name.ts';
import type { TraceEvent } from './wasm-vm.ts';

/**
 * A trace for people: each callback with what it answered, and below it the host's functions that it called, with what they answered.
 *
 * @example
 * proxy_on_request_headers(2, 5, 1) → 0
 *   proxy_get_header_map_value(0, 1104, 9, 1036, 1040) → 0 ok
 */
export function formatTrace(events: readonly TraceEvent[]): string {
  const lines: string[] = [];
  let calls: string[] = [];
  for (const event of events) {
    const call = `${event.name}(${event.args.join(', ')})`;
    if (event.type === 'hostcall') {
      const detail = event.detail === undefined ? '' : ` "${event.detail}"`;
      calls.push(`  ${call}${detail} → ${event.status} ${statusName(event.status)}`);
    } else {
      lines.push(event.result === undefined ? call : `${call} → ${event.result}`, ...calls);
      calls = [];
    }
  }
  // What the module did before any callback, or in one that has not ended.
  return [...lines, ...calls].map((line) => `${line}\n`).join('');
}
