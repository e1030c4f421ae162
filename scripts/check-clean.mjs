// What must not be in the repository, and must not have changed while CI ran: node scripts/check-clean.mjs
//
// Paths of somebody's machine and hosts of somebody's registry get in by copying from a terminal, and work there only.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { root } from './ensure.mjs';

// Requests for whatever path, and this script's own pattern.
const pathsAreData = /^test\/parity\/cases\/|^scripts\/check-clean\.mjs$/;

let passed = 0;
const problems = [];

const files = run('git', ['ls-files', '-z']).split('\0').filter(Boolean);
const texts = files
  .filter((file) => existsSync(join(root, file)))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
  .filter(({ text }) => !text.includes('\0'));

report(
  'no paths of a machine',
  linesOf(/(?<![\w.~/-])\/(?:work|root|home\/\w+|Users\/\w+)\/[\w.]/, (file) => !pathsAreData.test(file)),
);
report(
  'no registry in the lock file',
  linesOf(/"resolved": "https?:/, (file) => file.endsWith('package-lock.json')),
);
report(
  'no hosts of this machine’s registries',
  registryHosts().flatMap((host) => linesOf(new RegExp(host.replaceAll('.', String.raw`\.`)), () => true)),
);
report(
  'formats and tests have no leftovers of a merge',
  linesOf(/^(?:<{7}|>{7}) /, () => true),
);

// CI writes down the state it began with; a developer's own changes are none of its business.
const before = join(root, '.cache/ci/status-before');
if (existsSync(before)) {
  const was = readFileSync(before, 'utf8').split('\n');
  const is = run('git', ['status', '--porcelain']).split('\n');
  report('nothing changed on disk', [
    ...is.filter((line) => !was.includes(line)).map((line) => `now ${line}`),
    ...was.filter((line) => !is.includes(line)).map((line) => `no longer ${line}`),
  ]);
}

/** Hosts that npm, pip and Go are told to use here. */
function registryHosts() {
  const settings = [
    run('npm', ['config', 'get', 'registry']),
    run('python3', ['-m', 'pip', 'config', 'get', 'global.index-url']),
    process.env.PIP_INDEX_URL ?? '',
    process.env.GOPROXY ?? '',
  ];
  const hosts = settings.flatMap((setting) => setting.split(/[\s,|]/)).map((url) => URL.parse(url)?.hostname ?? '');
  return [...new Set(hosts)].filter((host) => host !== '' && host !== 'localhost');
}

function linesOf(pattern, wanted) {
  return texts
    .filter(({ file }) => wanted(file))
    .flatMap(({ file, text }) =>
      text
        .split('\n')
        .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 160)}`] : [])),
    );
}

function report(rule, found) {
  if (found.length === 0) passed += 1;
  else problems.push(`${rule}:\n${found.slice(0, 20).join('\n')}`);
}

function run(command, args) {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 }).stdout ?? '';
}

for (const problem of problems) process.stdout.write(`${problem}\n`);
process.stdout.write(`${passed} passed, ${problems.length} failed\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
