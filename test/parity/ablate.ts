// npm run ablate -- [--field TEXT] [--verbose]
//
// Deletes each supported field in turn from the cases that have it, and checks that at least one case then answers differently: a field
// whose absence nobody notices is not tested, or not obeyed. Runs on the gateway alone, compared with itself.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type KindName, kinds, supportedFields } from '@heddle/api';
import { parse } from 'yaml';
import { loadAllowedDifferences } from './allowed-differences.ts';
import { compareAnswers } from './compare.ts';
import { deleteField } from './delete-field.ts';
import { type EchoBackends, startEchoBackends } from './echo-backends.ts';
import { fieldsToDelete } from './fields-to-delete.ts';
import { inLanes } from './lanes.ts';
import { type Mesh, startMesh } from './mesh.ts';
import { type CaseObject, loadCases, type ParityCase } from './parity-case.ts';
import { answersOf, type CaseAnswers, MAX_BACKENDS, substitute } from './run-case.ts';
import { seededRandom } from './seeded-random.ts';

/** Places in which fields are deleted at once, each with a mesh of its own. */
const LANES = 8;

const folder = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: { field: { type: 'string', default: '' }, verbose: { type: 'boolean', default: false } },
});
const fields = fieldsToDelete((Object.keys(kinds) as KindName[]).flatMap(supportedFields)).filter((field) =>
  field.includes(values.field),
);
const exceptions = readExceptions(join(folder, 'ablate-exceptions.yaml'));
const allowed = loadAllowedDifferences(join(folder, 'allowed-differences.yaml'));
// Cheap cases first.
const cases = loadCases(join(folder, 'cases'), join(folder, 'bases'))
  .filter(({ invalid }) => !invalid)
  .sort((a, b) => cost(a) - cost(b));

const startedAt = performance.now();
const log = (line: string): void => {
  if (values.verbose) process.stderr.write(`${line}\n`);
};
let requestNumber = 0;
let runs = 0;
const problems: string[] = [];
await inLanes(fields, LANES, async (lane) => {
  const backends = await startEchoBackends(MAX_BACKENDS);
  const mesh = await startMesh({ envoyPath: undefined, random: seededRandom(1 + lane), log });
  const place: Place = { mesh, backends, baselines: new Map() };
  return {
    run: (field) => judge(place, field),
    async close() {
      await mesh.close();
      backends.close();
    },
  };
});
if (values.field === '') {
  for (const field of exceptions) {
    if (!fields.includes(field)) problems.push(`${field} is in ablate-exceptions.yaml, but is no supported field`);
  }
}
for (const problem of problems) process.stderr.write(`✖ ${problem}\n`);
const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
process.stdout.write(
  `${fields.length} fields deleted in ${runs} runs of ${cases.length} cases, ${exceptions.size} exceptions, ${seconds} s\n`,
);
process.stdout.write(`${fields.length - problems.length} passed, ${problems.length} failed\n`);
process.exitCode = problems.length > 0 || fields.length === 0 ? 1 : 0;

/** Where fields are deleted: a mesh, and what its cases answer as they are. */
interface Place {
  readonly mesh: Mesh;
  readonly backends: EchoBackends;
  readonly baselines: Map<ParityCase, readonly CaseAnswers[]>;
}

async function judge(place: Place, field: string): Promise<void> {
  const noticedBy = await firstToNotice(place, field);
  const excepted = exceptions.has(field);
  log(`${field}: ${'noticed' in noticedBy ? noticedBy.noticed : noticedBy.problem}`);
  if ('noticed' in noticedBy && excepted) {
    problems.push(
      `${field} is in ablate-exceptions.yaml, but case "${noticedBy.noticed}" notices its absence: remove the entry`,
    );
  } else if ('problem' in noticedBy && !excepted) {
    problems.push(`${field}: ${noticedBy.problem}`);
  }
}

async function firstToNotice(
  place: Place,
  field: string,
): Promise<{ readonly noticed: string } | { readonly problem: string }> {
  const { baselines } = place;
  const tried: string[] = [];
  for (const parityCase of cases) {
    const without = deleteField(parityCase.resources, field);
    if (without === undefined) continue;
    const before = baselines.get(parityCase) ?? (await answers(place, parityCase, parityCase.resources));
    baselines.set(parityCase, before);
    const after = await answers(place, parityCase, without, parityCase.resources);
    if (differ(parityCase, before, after)) return { noticed: parityCase.name };
    tried.push(parityCase.name);
  }
  return {
    problem:
      tried.length === 0
        ? 'no case has this field'
        : `deleting it changes no answer of the cases that have it (${tried.slice(0, 5).join(', ')}${tried.length > 5 ? ', …' : ''})`,
  };
}

/** `all` are the objects before a field was deleted: the ports of backends and listeners are taken from there. */
async function answers(
  { mesh, backends }: Place,
  { views, requests, backendTls }: ParityCase,
  objects: readonly CaseObject[],
  all: readonly CaseObject[] = objects,
): Promise<readonly CaseAnswers[]> {
  backends.speakTls(backendTls);
  runs++;
  await mesh.configure(substitute(objects, backends, all), substitute(all, backends));
  const runner = { mesh, backends, nextRequestId: () => String(++requestNumber) };
  const found: CaseAnswers[] = [];
  for (const view of views) found.push(await answersOf(runner, 'gateway', view, requests));
  return found;
}

function differ({ requests }: ParityCase, before: readonly CaseAnswers[], after: readonly CaseAnswers[]): boolean {
  return before.some((one, view) =>
    requests.some((request, i) => compareAnswers(request, one[i] ?? [], after[view]?.[i] ?? [], allowed).length > 0),
  );
}

function cost({ requests }: ParityCase): number {
  return requests.reduce((sum, { count }) => sum + count, 0);
}

function readExceptions(file: string): ReadonlySet<string> {
  const entries = parse(readFileSync(file, 'utf8')) as { readonly field?: unknown; readonly reason?: unknown }[];
  return new Set(
    entries.map(({ field, reason }, i) => {
      if (typeof field !== 'string') throw new Error(`${file}[${i}]: no field`);
      if (typeof reason !== 'string' || reason.length < 10) throw new Error(`${file}[${i}]: "${field}" has no reason`);
      return field;
    }),
  );
}
