// npm run parity -- [--cases DIR] [--seed N] [--filter TEXT] [--random N] [--json] [--times]
//
// Sends the requests of every case to the gateway and to a real Envoy, which obey the same control plane, and compares status,
// headers, body, what backends received and which of them were chosen. What `heddle explain request` says of each request must be what
// Envoy did.
// --random says how many requests are made at random besides (300 unless given); they depend on the seed alone.
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { requireEnvoy } from '../support/require-envoy.ts';
import { loadAllowedDifferences } from './allowed-differences.ts';
import { startEchoBackends } from './echo-backends.ts';
import { inLanes } from './lanes.ts';
import { startMesh } from './mesh.ts';
import { loadBase, loadCases } from './parity-case.ts';
import { randomCase } from './random-requests.ts';
import { type CaseResult, MAX_BACKENDS, runCase } from './run-case.ts';
import { seededRandom, shuffled } from './seeded-random.ts';

/** Places in which cases run at once, each with proxies and backends of its own. */
const LANES = 3;

const folder = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: join(folder, 'cases') },
    seed: { type: 'string', default: '1' },
    filter: { type: 'string', default: '' },
    random: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
    // Says how long each case took.
    times: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
if (!Number.isInteger(seed)) {
  process.stderr.write(`Cannot run parity: --seed is "${values.seed}", wanted a whole number\n`);
  process.exit(2);
}
const random = seededRandom(seed);
const cases = shuffled(
  loadCases(values.cases, join(folder, 'bases')).filter(({ name }) => name.includes(values.filter)),
  random,
);
const randomRequests = Number(values.random);
if (randomRequests > 0 && 'random-requests'.includes(values.filter)) {
  const base = ['ingress', 'versions'].flatMap((name) => loadBase(join(folder, 'bases'), name));
  cases.push(randomCase(randomRequests, seededRandom(seed), base));
}
const allowed = loadAllowedDifferences(join(folder, 'allowed-differences.yaml'));

const envoyPath = await requireEnvoy();
if (envoyPath === undefined) {
  // Without Envoy there is nothing to compare with; that is said, and is no success.
  process.stdout.write(values.json ? `${JSON.stringify({ seed, skipped: 'no Envoy' })}\n` : '0 passed, 0 failed\n');
  process.exit(0);
}

const startedAt = performance.now();
const results: CaseResult[] = [];
let requestNumber = 0;
await inLanes(cases, LANES, async (lane) => {
  const backends = await startEchoBackends(MAX_BACKENDS);
  const mesh = await startMesh({
    envoyPath,
    random: seededRandom(seed + lane),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  const runner = { mesh, backends, allowed, nextRequestId: () => String(++requestNumber) };
  return {
    async run(parityCase) {
      const caseStartedAt = performance.now();
      const result = await runCase(runner, parityCase).catch((error: unknown) => unrunnable(parityCase.name, error));
      results.push(result);
      if (values.times) process.stderr.write(`${Math.round(performance.now() - caseStartedAt)} ms ${result.name}\n`);
      report(result);
    },
    async close() {
      await mesh.close();
      backends.close();
    },
  };
});

const failed = results.filter(({ failures, problems }) => failures.length + problems.length > 0);
const figures = {
  seed,
  cases: results.length,
  passed: results.length - failed.length,
  failed: failed.length,
  requests: results.reduce((sum, { requests }) => sum + requests, 0),
  explained: results.reduce((sum, { explained }) => sum + explained, 0),
  sent: requestNumber,
  knownDifferences: results.reduce((sum, { knownDifferences }) => sum + knownDifferences, 0),
  allowedDifferences: allowed.length,
  seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  failedCases: failed.map(({ name }) => name).sort(),
};
if (values.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
else
  process.stdout.write(
    `seed ${seed}: ${figures.requests} requests of ${figures.cases} cases compared in ${figures.seconds} s, ${figures.explained} of them explained\n${figures.passed} passed, ${figures.failed} failed\n`,
  );
process.exitCode = failed.length > 0 || results.length === 0 ? 1 : 0;

function unrunnable(name: string, error: unknown): CaseResult {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { name, requests: 0, explained: 0, knownDifferences: 0, failures: [], problems: [reason] };
}

function report({ name, failures, problems }: CaseResult): void {
  if (failures.length + problems.length === 0) return;
  const lines = [`✖ ${name}`, ...problems.map((problem) => `    ${problem}`)];
  for (const { view, request, differences } of failures) {
    lines.push(`    ${view}, request ${request}`);
    for (const { what, envoy, gateway } of differences) {
      lines.push(`      ${what}`, `        envoy:   ${envoy}`, `        gateway: ${gateway}`);
    }
  }
  process.stderr.write(`${lines.join('\n')}\n`);
}
