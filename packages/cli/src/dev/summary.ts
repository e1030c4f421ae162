import type { MeshSnapshot } from '@heddle/model';
import { type Answer, ask } from './ask.ts';
import { INGRESS_LABELS } from './data-plane.ts';
import { type EntryPoint, entryPoints } from './entry-points.ts';
import type { MovedPort } from './listener-ports.ts';

export interface SummaryInput {
  readonly paths: readonly string[];
  readonly dataPlane: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** What the files declare, without what was started for them. */
  readonly declared: MeshSnapshot;
  readonly problems: number;
  /** Things worth knowing that are no problems. */
  readonly notes: readonly string[];
  readonly address: string;
  readonly ports: readonly MovedPort[];
}

/**
 * What `heddle dev` says once it runs: what was read, what is wrong, and each way in, tried before it is printed, so that nothing
 * is shown that does not answer.
 */
export async function summarize(input: SummaryInput): Promise<string> {
  const { declared, ports, address } = input;
  const entries = entryPoints(declared, INGRESS_LABELS);
  const tried = await Promise.all(
    entries.map(async (entry) => {
      const bound = ports.find(({ configured }) => configured === entry.port)?.bound;
      return bound === undefined
        ? undefined
        : {
            entry,
            bound,
            answer: await ask({ address, port: bound, tls: entry.tls, path: entry.path, host: entry.host }),
          };
    }),
  );
  const lines = [
    `heddle dev · ${input.paths.join(' ')} · ${input.dataPlane} · ready in ${Math.round(input.nowMs - input.startedAtMs)} ms`,
    `  ${input.problems === 0 ? '✔' : '‼'} ${resourcesText(declared)} · ${input.problems} problem${input.problems === 1 ? '' : 's'}`,
    ...input.notes.map((note) => `  ℹ ${note}`),
    ...ports.flatMap(portLines).map((line) => `  ${line}`),
  ];
  const usable = tried.filter((one) => one !== undefined);
  for (const { entry, bound, answer } of usable) lines.push(`  ${entryText(entry, address, bound, answer)}`);
  if (entries.length === 0)
    lines.push('  ℹ no VirtualService is bound to a Gateway of the ingress gateway: nothing to open yet');
  const best = usable.find(({ answer }) => answer.type === 'response' && answer.status < 400);
  if (best !== undefined) lines.push(`  try:  ${curl(best.entry, address, best.bound)}`);
  return `${lines.join('\n')}\n`;
}

function resourcesText(declared: MeshSnapshot): string {
  const counts = [...declared.counts()].filter(([, count]) => count > 0);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const position = (kind: string) => KIND_ORDER.indexOf(kind) + 1 || KIND_ORDER.length + 1;
  const kinds = counts
    .toSorted(([a], [b]) => position(a) - position(b))
    .map(([kind, count]) => (count === 1 ? kind : `${count} ${kind.replace(/(?<=[^aeiou])y$/, 'ie')}s`));
  return `${total} resource${total === 1 ? '' : 's'}${kinds.length === 0 ? '' : ` (${kinds.join(', ')})`}`;
}

/** From the workload outwards to the gateway, as one writes them; other kinds stand behind these. */
const KIND_ORDER: readonly string[] = [
  'Namespace',
  'Deployment',
  'Pod',
  'Service',
  'ServiceEntry',
  'Gateway',
  'VirtualService',
  'DestinationRule',
];

/** Says where a port is served that is not served where it is configured. */
export function portLines({ configured, wanted, bound }: MovedPort): readonly string[] {
  if (bound !== wanted) return [`‼ port ${wanted} is taken: port ${configured} is served on ${bound}`];
  if (bound !== configured) return [`ℹ port ${configured} is served on ${bound}: ports below 1024 need root`];
  return [];
}

function entryText(entry: EntryPoint, address: string, bound: number, answer: Answer): string {
  const url = urlOf(entry, address, bound);
  switch (answer.type) {
    case 'response':
      return answer.status < 400
        ? `✔ ingressgateway  ${url}   ${entry.leadsTo}`
        : `‼ ingressgateway  ${url}   ${entry.leadsTo}   answers ${answer.status}${answer.text === '' ? '' : `: ${answer.text}`}`;
    case 'no answer':
      return `✖ ingressgateway  port ${entry.port}   ${entry.leadsTo}   does not answer: ${answer.reason}`;
  }
}

function curl(entry: EntryPoint, address: string, bound: number): string {
  const url = urlOf({ ...entry, host: undefined }, address, bound).replace('http://', '');
  if (entry.host === undefined) return `curl ${entry.tls ? '-k ' : ''}${url}`;
  if (!entry.tls) return `curl -H 'Host: ${entry.host}' ${url}`;
  return `curl -k --connect-to '::${address}:${bound}' https://${entry.host}:${bound}${entry.path}`;
}

function urlOf(entry: EntryPoint, address: string, bound: number): string {
  const host = address === '127.0.0.1' ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  return `${entry.tls ? 'https' : 'http'}://${host}:${bound}${entry.path === '/' ? '' : entry.path}`;
}
