import process from 'node:process';
import type { ProxySyncStatus, TypeSyncDetail } from '@heddle/control-plane';
import { askControlPlane } from '../admin-client.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { formatAge } from '../terminal/age.ts';
import { printable } from '../terminal/printable.ts';
import { formatTable } from '../terminal/text-table.ts';

export interface StatusOptions {
  readonly output: 'text' | 'json';
  readonly httpAddress: string;
}

/** The types of istioctl's table, in its order. */
const TYPES = ['CDS', 'LDS', 'EDS', 'RDS', 'ECDS'] as const;

/** `heddle status`: how far each connected proxy is. `node` limits it to proxies whose name begins so. */
export async function status(node: string | undefined, options: StatusOptions): Promise<ExitCode> {
  const answer = await askControlPlane(options.httpAddress, '/debug/syncz');
  if ('problem' in answer) throw new CommandError(answer.problem.error);
  const all = answer.value as readonly ProxySyncStatus[];
  const proxies = all.filter(({ proxy, node_id }) => proxy.startsWith(node ?? '') || node_id === node);
  if (node !== undefined && proxies.length === 0) {
    const names = all.map(({ proxy }) => proxy).join(', ');
    throw new CommandError(`no proxy "${node}" is connected; connected: ${names === '' ? 'none' : names}`);
  }
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify({ version: 1, proxies }, null, 2)}\n`);
  } else {
    process.stdout.write(formatStatus(proxies, Date.now()));
    if (proxies.length === 0) process.stderr.write('no proxies are connected\n');
  }
  return EXIT.ok;
}

/** istioctl's table, and beneath it what was rejected or waits, with what made it. */
export function formatStatus(proxies: readonly ProxySyncStatus[], nowMs: number): string {
  const sorted = [...proxies].sort((a, b) => (a.proxy < b.proxy ? -1 : a.proxy > b.proxy ? 1 : 0));
  const table = formatTable(
    ['NAME', 'CLUSTER', ...TYPES, 'VERSION'],
    sorted.map((proxy) => [
      proxy.proxy,
      proxy.cluster_id ?? '-',
      ...TYPES.map((type) => formatType(proxy.types[type], nowMs)),
      proxy.istio_version ?? proxy.proxy_version ?? '-',
    ]),
  );
  const notes = sorted.flatMap((proxy) =>
    Object.entries(proxy.types).flatMap(([type, detail]) => typeNotes(proxy.proxy, type, detail, nowMs)),
  );
  return notes.length === 0 ? table : `${table}\n${notes.map((line) => `${line}\n`).join('')}`;
}

/** `SYNCED (3s)`: how long it has been so. Types that a proxy does not ask for are `IGNORED`, as istioctl says. */
function formatType(detail: TypeSyncDetail | undefined, nowMs: number): string {
  if (detail === undefined) return 'IGNORED';
  const since = { SYNCED: detail.acked_at, STALE: detail.sent_at, ERROR: detail.rejected_at, 'NOT SENT': undefined }[
    detail.status
  ];
  return since === undefined ? detail.status : `${detail.status} (${ageOf(since, nowMs)})`;
}

function typeNotes(proxy: string, type: string, detail: TypeSyncDetail, nowMs: number): readonly string[] {
  const age = detail.rejected_at === undefined ? '' : ` ${ageOf(detail.rejected_at, nowMs)} ago`;
  return [
    ...detail.rejected.flatMap(({ name, message, object, field, position }) => [
      printable(`✖ ${proxy} rejected ${type} "${name}"${age}: ${message}`),
      ...(object === undefined ? [] : [printable(`    ${object}${field === undefined ? '' : ` at ${field}`}`)]),
      ...(position === undefined ? [] : [printable(`    ${position}`)]),
      '    effect: the proxy goes on with the last version it accepted',
    ]),
    ...detail.held_back.map(({ name, reason, since }) =>
      printable(`… ${proxy} waits for ${type} "${name}", ${ageOf(since, nowMs)}: ${reason}`),
    ),
  ];
}

function ageOf(time: string, nowMs: number): string {
  return formatAge(nowMs - Date.parse(time));
}
