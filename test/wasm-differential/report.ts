import type { AllowedDifference } from './allowed-differences.ts';
import { answerOf, type Callback, callbacks, type Difference } from './compare.ts';
import type { DifferentialRun } from './run.ts';
import { TCP_CASES } from './tcp-cases.ts';
import type { TrapOutcome } from './trap-cases.ts';

/** What stands in docs/wasm-differential.md: the same bytes for the same answers. */
export function writeReport(
  run: DifferentialRun,
  allowed: ReadonlyMap<AllowedDifference, readonly Difference[]>,
): string {
  const batteries = [...run.envoy.keys()].filter((name) => name === 'root' || name.includes('battery-'));
  const theirs = statuses(batteries.flatMap((name) => callbacks(run.envoy.get(name) ?? [])));
  const ours = statuses(batteries.flatMap((name) => callbacks(run.host.get(name) ?? [])));
  const columns = CALLBACKS.filter((callback) => [...theirs.values()].some((row) => row.has(callback)));
  const rows = [...theirs]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([call, row]) => {
      const cells = columns.map((callback) => {
        const one = [...(row.get(callback) ?? [])].join('/');
        const other = [...(ours.get(call)?.get(callback) ?? [])].join('/');
        return one === other ? one : `**${one} · ${other}**`;
      });
      return `| ${call.replaceAll('|', ' ')} | ${cells.join(' | ')} |`;
    });
  const differences = [...allowed].map(([{ reason, ...where }, found]) => {
    const place = Object.entries(where)
      .map(([part, pattern]) => `${part} \`${pattern}\``)
      .join(', ');
    const cases = new Set(found.map((difference) => difference.case)).size;
    return `| ${place} | ${cases} | ${reason} |`;
  });
  return `${HEAD(run.envoy.size - 1 - TCP_CASES.length)}
| where | cases | why |
| --- | --- | --- |
${differences.join('\n')}

## When a module traps

What clients got, the same from Envoy and from \`@heddle/wasm-host\`: of the request in which it trapped; of one that waited in the plugin with its body
still to come; of the next one; and of one after the longest back-off (under FAIL_RELOAD the first trap comes long after the start, so that the next request
finds a new VM). \`fail_open\` is the older field of PluginConfig. "nothing" waits for ever, "reset" was broken off. In \`context_create\` every stream traps,
that which waits first.

${trapTable(run.traps)}

## Status codes

The code of each hostcall in each callback. Where several calls with the same arguments had different codes, all of them stand there; where
Envoy and the host differ, Envoy's stands first. Columns: ${columns.map((callback, index) => `${index + 1} ${callback}`).join(', ')}.

| hostcall | ${columns.map((_, index) => index + 1).join(' | ')} |
| --- | ${columns.map(() => '---').join(' | ')} |
${rows.join('\n')}
`;
}

const HEAD = (cases: number) => `# The host and Envoy, call by call

Written by \`npm run wasm:differential\`: one WebAssembly module, which calls every hostcall of Proxy-Wasm 0.2.1 from its callbacks with good and bad
arguments, runs in Envoy 1.40 and in the emulator of \`@heddle/wasm-host\`, for ${cases} requests and ${TCP_CASES.length} connections. Status codes, values, the order of callbacks, what the
client gets and what the upstream gets are compared. Whatever differs and does not stand in \`test/wasm-differential/allowed-differences.yaml\` fails.

## What kills Envoy

Not tried in each run, since Envoy 1.40 dies of it with a segmentation fault: \`proxy_send_local_response\` and \`proxy_close_stream\` in
\`proxy_on_log\`, \`proxy_on_done\` and \`proxy_on_delete\` of a stream, and \`proxy_continue_stream\` for the response in \`proxy_on_response_trailers\`; and of a
module that traps in \`proxy_on_response_headers\` when it has asked for \`proxy_send_local_response\` there, but under \`fail_open\`.

## Differences that are allowed
`;

/** What became of requests when a module trapped, by where it did and by policy. */
function trapTable({ envoy }: DifferentialRun['traps']): string {
  const policies = [...new Set([...envoy.keys()].map(({ policy }) => policy))];
  const places = [...new Set([...envoy.keys()].map(({ where }) => where))];
  const status = ({ client }: TrapOutcome) =>
    typeof client === 'string' ? client : (client.headers.find(([name]) => name === ':status')?.[1] ?? '');
  const rows = places.map((where) => {
    const cells = policies.map((policy) => {
      const run = [...envoy].find(([trapCase]) => trapCase.where === where && trapCase.policy === policy)?.[1];
      return run === undefined ? 'kills Envoy' : [run.first, run.waiting, run.second, run.third].map(status).join(', ');
    });
    return `| ${where} | ${cells.join(' | ')} |`;
  });
  return `| in | ${policies.join(' | ')} |
| --- | ${policies.map(() => '---').join(' | ')} |
${rows.join('\n')}`;
}

const CALLBACKS = [
  ...['root context_create', 'root vm_start', 'root configure', 'root tick', 'root queue_ready'],
  ...['request_headers', 'request_body', 'request_trailers', 'response_headers', 'response_body', 'response_trailers'],
  ...['new_connection', 'downstream_data', 'upstream_data', 'downstream_connection_close', 'upstream_connection_close'],
  ...['log', 'done', 'delete'],
];

type Statuses = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/** By hostcall, by callback. */
function statuses(list: readonly Callback[]): Statuses {
  const found = new Map<string, Map<string, Set<string>>>();
  for (const { name, calls } of list) {
    for (const line of calls) {
      const row = found.get(line.call) ?? new Map<string, Set<string>>();
      found.set(line.call, row);
      const cell = row.get(name) ?? new Set<string>();
      row.set(name, cell);
      cell.add(answerOf(line).split(' ', 1)[0] ?? '');
    }
  }
  return found;
}
