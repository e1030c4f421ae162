import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { text as readAll } from 'node:stream/consumers';
import type { JsonValue } from '@bufbuild/protobuf';
import { askControlPlane } from '../admin-client.ts';
import { type Dump, type DumpType, readDump } from '../envoy-dump/read-dump.ts';
import { dumpTable } from '../envoy-dump/tables.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { printable } from '../terminal/printable.ts';

export interface ConfigOptions {
  readonly output: 'short' | 'json' | 'yaml';
  readonly httpAddress: string;
  /** A saved dump; `-` is stdin. */
  readonly file?: string;
}

/** In the order in which a request meets them backwards, as istioctl prints them. */
const ALL: readonly DumpType[] = ['cluster', 'listener', 'route', 'endpoint', 'ecds'];

/** `heddle config`: what a proxy was sent, from a control plane or a saved dump. */
export async function config(
  type: DumpType | 'all',
  node: string | undefined,
  options: ConfigOptions,
): Promise<ExitCode> {
  if (node !== undefined && options.file !== undefined) {
    throw usage(`found both a NODE ("${node}") and --file ("${options.file}"), wanted one of them`);
  }
  const value = options.file === undefined ? await askDump(node, options.httpAddress) : await loadDump(options.file);
  const dump = readDump(value);
  if (dump === undefined) {
    throw new CommandError(
      `cannot read ${options.file ?? 'the answer'}: it is no configuration dump, wanted an object with "configs"`,
    );
  }
  const types = type === 'all' ? ALL : [type];
  if (options.output === 'short') {
    process.stdout.write(types.map((each) => dumpTable(dump, each)).join('\n'));
    reportRejected(dump, types);
    return EXIT.ok;
  }
  const data = type === 'all' ? value : dump[type].map(({ resource }) => resource);
  if (options.output === 'json') process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
  else process.stdout.write((await import('yaml')).stringify(data, { aliasDuplicateObjects: false }));
  return EXIT.ok;
}

async function askDump(node: string | undefined, address: string): Promise<JsonValue> {
  const query = new URLSearchParams({ proxyID: node ?? '' }).toString();
  const answer = await askControlPlane(address, `/debug/config_dump?${query}`);
  if ('value' in answer) return answer.value as JsonValue;
  const { error, connected } = answer.problem;
  const names = connected.length === 0 ? 'none' : connected.join(', ');
  if (node === undefined) throw usage(`wanted a NODE or --file; connected proxies: ${names}`);
  throw new CommandError(`${error}; connected${answer.problem.status === 409 ? ' and possible' : ''}: ${names}`);
}

async function loadDump(file: string): Promise<JsonValue> {
  try {
    return JSON.parse(file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8')) as JsonValue;
  } catch (error) {
    const where = file === '-' ? 'stdin' : `"${file}"`;
    throw new CommandError(`cannot read a dump from ${where}: ${(error as Error).message}`, { cause: error });
  }
}

/** On stderr: the table is data. */
function reportRejected(dump: Dump, types: readonly DumpType[]): void {
  for (const { type, name, error } of types.flatMap((each) => dump[each])) {
    if (error !== undefined) process.stderr.write(`${printable(`✖ ${type} "${name}" was rejected: ${error}`)}\n`);
  }
}

function usage(message: string): CommandError {
  return new CommandError(message, { exitCode: EXIT.usage });
}
