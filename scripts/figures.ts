// Measures what the README and the design promise, and prints it as JSON:
//
//     npm run figures -- [--all] [--start-up] [--edits N] [--envoy] [--gateway] [--parity] [--install]
//
// Without flags: start-up and edits, about a minute. --gateway runs the benchmark beside hono/proxy and Envoy, --parity the
// parity cases, --install starts from a fresh clone, --envoy measures edits with a real Envoy too; --all does everything.
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';
import process from 'node:process';
import { pinnedNode, root } from './ensure.mjs';
import { measureEditToApplied } from './figures/edit-to-applied.ts';
import { measureInstallToAnswer } from './figures/install-to-answer.ts';
import { measureStartUp } from './figures/start-up.ts';

const args = process.argv.slice(2).filter((arg) => arg !== '--');
const all = args.includes('--all');
const editsAt = args.indexOf('--edits');
const edits = editsAt === -1 ? 40 : Number(args[editsAt + 1]);
const parts = ['--start-up', '--edits', '--envoy', '--gateway', '--parity', '--install'];
const unknown = args.find((arg) => arg.startsWith('--') && !['--all', ...parts].includes(arg));
if (unknown !== undefined) throw new Error(`Cannot measure "${unknown}": wanted --all or any of ${parts.join(', ')}`);
if (!Number.isInteger(edits) || edits < 1)
  throw new Error(`Cannot make "${args[editsAt + 1]}" edits: wanted a number from 1 on`);
const chosen = (part: string) =>
  all || args.includes(part) || (args.length === 0 && ['--start-up', '--edits'].includes(part));

const figures: Record<string, unknown> = {
  machine: {
    cores: availableParallelism(),
    model: cpus()[0]?.model,
    node: process.version,
    platform: process.platform,
    // Figures of a machine that was busy with something else say so.
    loadAverage: loadavg()[0],
  },
};
await measure('--start-up', 'startUp', () => measureStartUp(7));
await measure('--edits', 'editToApplied', () => measureEditToApplied(edits, 'embedded'));
await measure('--envoy', 'editToAppliedEnvoy', () => measureEditToApplied(edits, 'envoy'));
await measure('--gateway', 'gateway', () => runJson('bench/gateway.ts', []));
await measure('--parity', 'parity', () => runJson('test/parity/main.ts', ['--json']));
await measure('--install', 'installToAnswer', measureInstallToAnswer);
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);

/** A part that cannot be measured says so in its place, and the others are measured all the same. */
async function measure(part: string, name: string, take: () => unknown): Promise<void> {
  if (!chosen(part)) return;
  process.stderr.write(`figures: ${name}\n`);
  try {
    figures[name] = await take();
  } catch (error) {
    figures[name] = { error: error instanceof Error ? error.message : String(error) };
    process.exitCode = 1;
  }
}

function runJson(script: string, scriptArgs: readonly string[]): unknown {
  const { stdout, stderr, status } = spawnSync(pinnedNode(), ['--conditions=@heddle/source', script, ...scriptArgs], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const start = stdout.indexOf('{');
  if (start === -1) throw new Error(`"${script}" ended with ${status} and printed no JSON:\n${stderr.slice(-2000)}`);
  return JSON.parse(stdout.slice(start)) as unknown;
}
