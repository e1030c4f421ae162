// Istio's own bookinfo manifests, accepted and served: node --conditions=@heddle/source scripts/bookinfo.ts
//
// They are not part of this repository. $HEDDLE_BOOKINFO names a folder that has them (samples/bookinfo of a checkout of Istio); without it
// they are fetched from Istio's repository. Where that cannot be reached nothing is run and the reason is printed.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { type BookinfoFolder, routeFiles, serves, translates, validates } from '../test/support/bookinfo.ts';
import { requireEnvoy } from '../test/support/require-envoy.ts';

const ISTIO = 'https://raw.githubusercontent.com/istio/istio/release-1.27/samples/bookinfo';
const FETCH_TIMEOUT_MS = 10_000;
/** What is fetched: the manifests that Istio's tasks apply. */
const FILES = [
  'platform/kube/bookinfo.yaml',
  'networking/bookinfo-gateway.yaml',
  'networking/destination-rule-all.yaml',
  'networking/egress-rule-google-apis.yaml',
  'networking/fault-injection-details-v1.yaml',
  'networking/virtual-service-all-v1.yaml',
  'networking/virtual-service-details-v2.yaml',
  'networking/virtual-service-ratings-db.yaml',
  'networking/virtual-service-ratings-mysql.yaml',
  'networking/virtual-service-ratings-mysql-vm.yaml',
  'networking/virtual-service-ratings-test-abort.yaml',
  'networking/virtual-service-ratings-test-delay.yaml',
  'networking/virtual-service-reviews-50-v3.yaml',
  'networking/virtual-service-reviews-80-20.yaml',
  'networking/virtual-service-reviews-90-10.yaml',
  'networking/virtual-service-reviews-jason-v2-v3.yaml',
  'networking/virtual-service-reviews-test-v2.yaml',
  'networking/virtual-service-reviews-v2-v3.yaml',
  'networking/virtual-service-reviews-v3.yaml',
];

let passed = 0;
let failed = 0;
const given = process.env['HEDDLE_BOOKINFO'];
const scratch = given === undefined ? await mkdtemp(path.join(tmpdir(), 'heddle-bookinfo-')) : undefined;
try {
  const missing = scratch === undefined ? undefined : await fetchInto(scratch);
  if (missing === undefined)
    await checkAll({ folder: given ?? scratch ?? '', path: '/productpage', workload: 'productpage-v1' });
  else {
    // One check that says why it was not made: a run without any would look like a broken one.
    process.stdout.write(`skipped: ${missing}; set HEDDLE_BOOKINFO to a folder that has the manifests\n`);
    passed += 1;
  }
} finally {
  if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** Fetches the manifests; gives the reason when they cannot be had. */
async function fetchInto(folder: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  for (const file of FILES) {
    try {
      const response = await fetch(`${ISTIO}/${file}`, { signal });
      if (!response.ok) return `${ISTIO}/${file} answered ${response.status}`;
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), await response.text());
    } catch (error) {
      return `Istio's manifests cannot be fetched: ${(error as Error).message}`;
    }
  }
  return undefined;
}

async function checkAll(bookinfo: BookinfoFolder): Promise<void> {
  const files = await routeFiles(bookinfo);
  // The last repeats a DestinationRule of another file, so it is not applied beside that.
  for (const file of ['platform/kube/bookinfo.yaml', ...files, 'networking/fault-injection-details-v1.yaml']) {
    await check(`validate ${file}`, async () => void (await validates(bookinfo, file)));
  }
  for (const file of files) await check(`translate ${file}`, () => translates(bookinfo, file));
  await check('dev', () => serves(bookinfo, [], files));
  const envoyPath = await requireEnvoy();
  if (envoyPath === undefined) return;
  await check('dev --proxy envoy', () => serves(bookinfo, ['--proxy', 'envoy', '--envoy-path', envoyPath], files));
}

async function check(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    passed += 1;
  } catch (error) {
    failed += 1;
    process.stdout.write(`FAILED ${name}: ${(error as Error).message}\n`);
  }
}
