// Prints what importing parts of this package costs, each in a process of its own; run it after a build:
//
//     node scripts/measure-imports.mjs
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const compiler = [
  'listener',
  'route',
  'cluster',
  'endpoint',
  'http-connection-manager',
  'extensions/filters/http/router',
  'extensions/upstreams/http',
];
const cases = {
  'the root': [''],
  discovery: ['discovery'],
  route: ['route'],
  bootstrap: ['bootstrap'],
  'what a compiler needs': [...compiler, 'discovery'],
  'everything (registry)': ['registry'],
};

for (const [name, subpaths] of Object.entries(cases)) {
  const modules = subpaths.map((subpath) => `@heddle/envoy-api${subpath && '/'}${subpath}`);
  const program = `
    const start = performance.now();
    const before = process.memoryUsage().rss;
    for (const module of ${JSON.stringify(modules)}) await import(module);
    const ms = performance.now() - start;
    console.log(JSON.stringify({ ms, megabytes: (process.memoryUsage().rss - before) / 1e6 }));`;
  const results = [];
  for (let round = 0; round < 7; round++) {
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd });
    results.push(JSON.parse(stdout));
  }
  const median = (pick) =>
    results
      .map(pick)
      .sort((one, other) => one - other)
      [Math.floor(results.length / 2)].toFixed(0);
  console.log(`| ${name} | ${median(({ ms }) => ms)} ms | ${median(({ megabytes }) => megabytes)} MB |`);
}
