// Another program's ADS clients, all in sync with `heddle control-plane` and all reached by a change:
// node --conditions=@heddle/source scripts/adsload.ts [--streams N] [--variants delta,sotw]
//
// The program is in Go and lives beside the clone, in ../shared/adsload. Where it or Go is missing nothing is run and the
// reason is printed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { startHeddle } from '@heddle/testing/heddle-process';
import { root } from './ensure.mjs';

const SERVICES = 50;
const { values } = parseArgs({
  options: { streams: { type: 'string', default: '100' }, variants: { type: 'string', default: 'delta,sotw' } },
});
const streams = Number(values.streams);
const variants = values.variants.split(',');
if (!Number.isInteger(streams) || streams < 1) {
  throw new Error(`Cannot open "${values.streams}" streams: wanted a number from 1 on`);
}
for (const variant of variants) {
  if (variant !== 'delta' && variant !== 'sotw') {
    throw new Error(`Cannot load with variant "${variant}": wanted delta or sotw`);
  }
}

let passed = 0;
let failed = 0;
const source = join(root, '../shared/adsload');
const missing = !existsSync(source)
  ? 'there is no folder ../shared/adsload beside the clone'
  : spawnSync('go', ['version']).status !== 0
    ? 'there is no Go'
    : undefined;
if (missing === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-adsload-'));
  try {
    await loadAll(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} else {
  // One check that says why it was not made: a run without any would look like a broken one.
  process.stdout.write(`skipped: ${missing}\n`);
  passed += 1;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

async function loadAll(folder: string): Promise<void> {
  const executable = join(folder, 'adsload');
  const built = spawnSync('go', ['build', '-o', executable, '.'], { cwd: source, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`Cannot build ../shared/adsload: ${built.stderr}`);
  const manifests = join(folder, 'mesh.yaml');
  for (const variant of variants) {
    writeFileSync(manifests, meshYaml(1));
    const heddle = startHeddle([
      'control-plane',
      '--config',
      manifests,
      '--grpc-address',
      '127.0.0.1:0',
      '--http-address',
      '127.0.0.1:0',
    ]);
    try {
      const address = /^ads +(\S+)\n/m.exec(await heddle.waitFor(/^ads +\S+\n/m))?.[1] ?? '';
      await load(executable, variant, address, () => writeFileSync(manifests, meshYaml(2)));
    } finally {
      await heddle.stop();
    }
  }
}

async function load(executable: string, variant: string, address: string, change: () => void): Promise<void> {
  const args = ['-addr', address, '-n', `${streams}`, '-ns', 'load', '-quiet', '500ms'];
  const program = spawn(executable, [...args, ...(variant === 'delta' ? ['-delta'] : [])], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let log = '';
  program.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  try {
    const nextLine = lineReader(program);
    const initial = await nextLine();
    report(`${variant}: ${streams} streams in sync`, initial, {
      clients: streams,
      // The services' clusters, and those that every proxy has.
      clusters: (count) => typeof count === 'number' && count >= SERVICES,
    });
    program.stdin.write('mark endpoint\n');
    // It says nothing when it has taken the mark.
    await new Promise((resolve) => setTimeout(resolve, 300));
    change();
    const changed = await nextLine();
    report(`${variant}: one changed endpoint reaches all`, changed, {
      reached: streams,
      ...(variant === 'delta' ? { resources: streams, responses: streams } : {}),
    });
    const ends = [...log.matchAll(/client \d+ ended: .*/g)].map(([line]) => line);
    report(`${variant}: no stream ended`, { ended: ends.length, first: ends[0] }, { ended: 0 });
  } finally {
    program.kill('SIGKILL');
  }
}

/** Gives the program's lines one by one; rejects when it ends or says nothing for a minute. */
function lineReader(program: ChildProcess): () => Promise<Readonly<Record<string, unknown>>> {
  const lines = createInterface({ input: program.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('adsload has printed nothing for a minute')), 60_000);
    });
    try {
      const { value, done } = await Promise.race([lines.next(), late]);
      if (done === true) throw new Error('adsload closed its output');
      return JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
  };
}

type Expectation = number | ((found: unknown) => boolean);

function report(name: string, found: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, Expectation>>) {
  const wrong = Object.entries(wanted).filter(([key, value]) =>
    typeof value === 'function' ? !value(found[key]) : found[key] !== value,
  );
  if (wrong.length === 0) passed += 1;
  else failed += 1;
  const why = wrong.map(([key, value]) => `${key}, wanted ${typeof value === 'function' ? 'more' : value}`).join('; ');
  process.stdout.write(
    `${wrong.length === 0 ? 'passed ' : 'FAILED '} ${name}: ${JSON.stringify(found)}${why && `\n         ${why}`}\n`,
  );
}

/** Services of which the first has as many endpoints as is said. */
function meshYaml(endpoints: number): string {
  return Array.from({ length: SERVICES }, (_, index) => {
    const addresses = Array.from({ length: index === 0 ? endpoints : 1 }, (__, at) => `10.1.${at}.${index + 1}`);
    return [
      'apiVersion: networking.istio.io/v1',
      'kind: ServiceEntry',
      `metadata: { name: svc-${index}, namespace: load }`,
      'spec:',
      `  hosts: [svc-${index}.load.svc.cluster.local]`,
      '  resolution: STATIC',
      '  ports: [{ number: 80, name: http, protocol: HTTP }]',
      `  endpoints: [${addresses.map((address) => `{ address: ${address} }`).join(', ')}]`,
    ].join('\n');
  }).join('\n---\n');
}
