// All that CI checks, as a table of tiers: npm run all [-- --only NAME,… | --skip NAME,… | --list | --verbose]
//
// Every tier runs, whatever the others found. Each prints its time and its counts as it ends; what went wrong is printed
// again at the end, and the last line sums up: "N passed, N failed". Starts on a fresh clone under Node 20.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { root, systemEnvironment } from './ensure.mjs';
import { countTier } from './tier-counts.mjs';

const logs = '.cache/ci';
const source = '--conditions=@heddle/source';

/**
 * Suites that every supported runtime must pass: the portable core and the protocol. The gateway on sockets has a suite of its
 * own for each runtime (test/runtimes), which names what a runtime cannot do; the tests beside its Node adapter are Node's.
 */
const portableSuites = [
  ...['model', 'api', 'routing', 'compiler', 'xds-client', 'discovery', 'wasm-host', 'gateway'].map(
    (name) => `packages/${name}`,
  ),
  "--exclude 'packages/gateway/src/node/**'",
].join(' ');

/**
 * name, why it is here, minutes after which it is stopped, and how to count: `steps` counts the commands that end well,
 * `vitest` reads vitest's report, `summary` reads the last "N passed, N failed" that the commands print, or the same as
 * JSON. `system` runs it on the system's Node rather than the pinned one, `show` prints the output in any case.
 */
const tiers = [
  {
    name: 'readme',
    why: 'what the README tells people to type works on a fresh clone',
    minutes: 8,
    // The system's Node: the reader has no other yet.
    system: true,
    commands: ['node scripts/readme-commands.mjs README.md'],
    count: 'summary',
  },
  {
    name: 'install',
    why: 'dependencies and generated code',
    minutes: 5,
    system: true,
    commands: ['node scripts/ensure.mjs'],
    count: 'steps',
  },
  {
    name: 'test',
    why: 'npm test: unit, protocol and Envoy tests on Node',
    minutes: 8,
    commands: [`npm test -- --reporter=default --reporter=json --outputFile.json=${logs}/test.json`],
    count: 'vitest',
    reports: ['test.json'],
  },
  {
    name: 'bun',
    why: 'the same suites on Bun',
    minutes: 4,
    commands: [
      `bun --bun node_modules/vitest/vitest.mjs run ${portableSuites} --reporter=default --reporter=json --outputFile.json=${logs}/bun.json`,
    ],
    count: 'vitest',
    reports: ['bun.json'],
  },
  {
    name: 'deno',
    why: 'the same suites on Deno',
    minutes: 4,
    commands: [
      `deno run -A --node-modules-dir=manual npm:vitest run ${portableSuites} --reporter=default --reporter=json --outputFile.json=${logs}/deno.json`,
    ],
    count: 'vitest',
    reports: ['deno.json'],
  },
  {
    name: 'parity',
    why: 'the gateway and Envoy answer alike',
    minutes: 5,
    commands: ['npm run --silent parity'],
    count: 'summary',
  },
  {
    name: 'ablate',
    why: 'each supported field has a case that notices its absence',
    minutes: 6,
    commands: ['npm run --silent ablate'],
    count: 'summary',
  },
  {
    name: 'envoys',
    why: 'every supported Envoy accepts what is compiled for it',
    minutes: 5,
    commands: [`node ${source} scripts/older-envoys.ts`],
    count: 'summary',
  },
  {
    name: 'adsload',
    why: "another program's ADS clients keep up with heddle control-plane, where Go and that program are there",
    minutes: 4,
    commands: [`node ${source} scripts/adsload.ts`],
    count: 'summary',
  },
  {
    name: 'fuzz',
    // Always the same seeds: what fails here is this tree's doing. `npm run fuzz` looks for new ones.
    why: 'the discovery server against its reference model, in thousands of orders of steps',
    minutes: 5,
    commands: ['npm run --silent fuzz -- --seconds 60 --seed 1'],
    count: 'summary',
  },
  {
    name: 'mutants',
    why: 'each rule of the protocol, and what filters call and are called by, has a test that notices its absence',
    minutes: 8,
    commands: ['npm run --silent mutants'],
    count: 'summary',
  },
  {
    name: 'examples',
    why: 'the examples do what their pages say',
    minutes: 4,
    commands: ['nginx', 'canary', 'filters'].map((name) => `node ${source} examples/${name}/check.mjs`),
    count: 'steps',
  },
  {
    name: 'tour',
    why: 'every command of the bookshop tour, on both data planes',
    minutes: 4,
    commands: ['embedded', 'envoy'].map((proxy) => `node ${source} examples/bookshop/check.mjs ${proxy}`),
    count: 'steps',
  },
  {
    name: 'bookinfo',
    why: "Istio's bookinfo manifests are accepted and served, where they can be had",
    minutes: 3,
    commands: [`node ${source} scripts/bookinfo.ts`],
    count: 'summary',
  },
  {
    name: 'filters',
    why: 'every filter in the oldest Envoy, as npm test runs it in the newest',
    minutes: 4,
    commands: [
      `HEDDLE_FILTER_ENVOYS=1.36 vitest run filters test/wasm-sdk --reporter=default --reporter=json --outputFile.json=${logs}/filters.json`,
    ],
    count: 'vitest',
    reports: ['filters.json'],
  },
  {
    name: 'wasm',
    why: 'the wasm host does as the newest Envoy and the oldest, and docs/wasm-differential.md says so (the tier "clean" would see a change)',
    minutes: 4,
    commands: ['', ' -- --envoy 1.36'].map((which) => `npm run --silent wasm:differential${which}`),
    count: 'summary',
  },
  {
    name: 'foreign',
    why: 'filters that Rust, Go and C++ make run in the host as in Envoy, where their compilers can be had',
    minutes: 8,
    commands: [
      'bash test/foreign-filters/packages.sh',
      `vitest run --config test/foreign-filters/vitest.config.ts --reporter=default --reporter=json --outputFile.json=${logs}/foreign.json`,
    ],
    count: 'vitest',
    reports: ['foreign.json'],
  },
  {
    name: 'types',
    why: 'the packages and all that is not published',
    minutes: 3,
    commands: ['tsc -b', 'tsc -p tsconfig.tests.json'],
    count: 'steps',
  },
  { name: 'format', why: 'biome', minutes: 1, commands: ['biome check --error-on-warnings .'], count: 'steps' },
  { name: 'lint', why: 'oxlint, with types', minutes: 2, commands: ['npm run --silent lint'], count: 'steps' },
  {
    name: 'boundaries',
    why: 'the floor plan: who may import whom',
    minutes: 2,
    commands: ['npm run --silent boundaries'],
    count: 'steps',
  },
  { name: 'unused', why: 'knip', minutes: 2, commands: ['npm run --silent knip'], count: 'steps' },
  {
    name: 'exports',
    why: 'what npm would publish can be imported',
    minutes: 3,
    commands: ['npm run --silent publint'],
    count: 'summary',
  },
  {
    name: 'generated',
    why: 'what is generated and committed is up to date: the tier "clean" would see the difference',
    minutes: 1,
    commands: ['npm run --silent docs', 'node packages/envoy-api/scripts/generate.mjs --force'],
    count: 'steps',
  },
  {
    name: 'figures',
    why: 'start-up, edits and throughput can be measured; their values are printed, not judged, on a machine of unknown speed',
    minutes: 5,
    commands: ['npm run --silent figures -- --start-up --edits 40 --gateway'],
    count: 'steps',
    show: true,
  },
  {
    name: 'clean',
    why: 'no machine paths or registries in the repository, and nothing changed on disk',
    minutes: 1,
    commands: ['node scripts/check-clean.mjs'],
    count: 'summary',
  },
];

// A tier that hangs is stopped with all that it started.
let current;

async function main(args) {
  const value = (name) => (args.includes(name) ? (args[args.indexOf(name) + 1] ?? '').split(',') : undefined);
  const only = value('--only');
  const skip = value('--skip') ?? [];
  const known = tiers.map((tier) => tier.name);
  for (const name of [...(only ?? []), ...skip]) {
    if (!known.includes(name)) throw new Error(`Cannot run tier "${name}": wanted one of ${known.join(', ')}`);
  }
  if (args.includes('--list')) {
    for (const tier of tiers) process.stdout.write(`${tier.name.padEnd(10)} ${tier.why}\n`);
    return 0;
  }
  const chosen = tiers.filter((tier) => (only === undefined || only.includes(tier.name)) && !skip.includes(tier.name));
  mkdirSync(join(root, logs), { recursive: true });
  writeFileSync(join(root, logs, 'status-before'), gitStatus());

  const started = Date.now();
  const results = [];
  for (const tier of chosen) {
    const result = await runTier(tier, args.includes('--verbose'));
    results.push(result);
    const verdict = result.failed === 0 ? 'ok    ' : 'FAILED';
    print(
      `${verdict} ${tier.name.padEnd(10)} ${seconds(result.ms).padStart(6)}  ${result.passed} passed, ${result.failed} failed`,
    );
    for (const name of result.failures ?? []) print(`       failed: ${name}`);
    for (const name of result.skipped ?? []) print(`       skipped: ${name}`);
  }
  for (const { tier, failed, output } of results) {
    if (failed === 0) continue;
    print(`\n──── ${tier.name}: ${tier.why} (whole output in ${logs}/${tier.name}.log) ────`);
    print(interestingPart(output));
  }
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  print(`\n${chosen.length} tiers in ${seconds(Date.now() - started)}`);
  print(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 ? 0 : 1;
}

async function runTier(tier, verbose) {
  const started = Date.now();
  for (const report of tier.reports ?? []) rmSync(join(root, logs, report), { force: true });
  const deadline = started + tier.minutes * 60_000;
  let output = '';
  const steps = [];
  for (const command of tier.commands) {
    const ran = await runCommand(command, tier, deadline, verbose);
    output += `$ ${command}\n${ran.output}\n[${ran.status === 0 ? 'ended well' : `ended with ${ran.status}`}]\n`;
    steps.push(ran);
  }
  writeFileSync(join(root, logs, `${tier.name}.log`), output);
  return { tier, output, ms: Date.now() - started, ...countTier(tier, steps, join(root, logs)) };
}

function runCommand(command, tier, deadline, verbose) {
  const bare = systemEnvironment();
  const bin = join(root, 'node_modules/.bin');
  const env = {
    ...bare,
    ...(tier.system !== true && { PATH: `${bin}${delimiter}${bare.PATH}` }),
    // Some tools take any value for a wish for colour.
    FORCE_COLOR: undefined,
    CI: 'true',
    NO_COLOR: '1',
    DO_NOT_TRACK: '1',
    TURBO_TELEMETRY_DISABLED: '1',
    DENO_NO_UPDATE_CHECK: '1',
  };
  return new Promise((fulfil) => {
    const child = spawn('bash', ['-c', command], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    current = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        if (verbose) process.stdout.write(text);
      });
    }
    const timer = setTimeout(
      () => {
        output += `\nstopped after ${tier.minutes} minutes\n`;
        stopGroup(child);
      },
      Math.max(1, deadline - Date.now()),
    );
    const done = (status) => {
      clearTimeout(timer);
      current = undefined;
      // What a test left running would disturb the next tier.
      stopGroup(child);
      fulfil({ status, output });
    };
    child.on('error', (error) => done(error.message));
    // 'exit' rather than 'close': a process left behind may hold the pipes open.
    child.on('exit', (code, signal) => setTimeout(done, 100, code ?? signal));
  });
}

function stopGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // All of them have ended.
  }
}

function gitStatus() {
  return spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' }).stdout ?? '';
}

/** Of a long output the lines that say what failed, and its end. */
function interestingPart(output) {
  const lines = output.trimEnd().split('\n');
  return lines.length <= 150 ? lines.join('\n') : ['…', ...lines.slice(-150)].join('\n');
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (current !== undefined) stopGroup(current);
    process.exit(1);
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  print(error.message);
  print('0 passed, 1 failed');
  process.exitCode = 1;
}
