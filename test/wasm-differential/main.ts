// In what our host differs from Envoy: npm run wasm:differential [-- --envoy VERSION] [--only PART-OF-A-CASE] [--lines]
//
// Without arguments it writes docs/wasm-differential.md. Ends with 1 on a difference that is not allowed, or on an entry of the list that
// is needed no more.
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { findEnvoy } from '@heddle/agent';
import { judge, loadAllowedDifferences } from './allowed-differences.ts';
import { writeReport } from './report.ts';
import { runDifferential } from './run.ts';

const NEWEST = '1.40';
const value = (name: string) =>
  process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined;
const print = (line: string) => process.stdout.write(`${line}\n`);

const version = value('--envoy') ?? NEWEST;
const only = value('--only');
const { path } = await findEnvoy({ version, log: (line) => process.stderr.write(`${line}\n`) });
const run = await runDifferential(path, { isOlder: version !== NEWEST, ...(only === undefined ? {} : { only }) });
const { faults, allowed, stale } = judge(run.differences, loadAllowedDifferences(version));

if (process.argv.includes('--lines')) {
  for (const [name, lines] of run.envoy) print(`\nEnvoy ${name}\n${lines.join('\n')}`);
  for (const [name, lines] of run.host) print(`\nhost ${name}\n${lines.join('\n')}`);
  for (const [{ name }, { lines }] of run.traps.envoy) print(`\nEnvoy ${name}\n${lines.join('\n')}`);
  for (const [{ name }, { lines }] of run.traps.host) print(`\nhost ${name}\n${lines.join('\n')}`);
}
for (const { case: name, callback, call, envoy, host } of faults) {
  print(`FAILED  ${name}, ${callback === '' ? '' : `${callback}, `}${call}\n    Envoy ${envoy}\n    host  ${host}`);
}
// Only the whole list of cases needs the whole list of differences.
const isWhole = only === undefined;
if (isWhole) {
  for (const entry of stale) print(`FAILED  allowed-differences.yaml: needed no more: ${JSON.stringify(entry)}`);
}
if (isWhole && version === NEWEST) {
  writeFileSync(new URL('../../docs/wasm-differential.md', import.meta.url), writeReport(run, allowed));
}
const failed = faults.length + (isWhole ? stale.length : 0);
print(`${run.envoy.size + run.traps.envoy.size} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
