// Rewrites overlay.json so that every type reachable from roots.json is as the given Envoy binary declares it:
//
//     node scripts/derive-overlay.mjs --envoy PATH
//
// Run it when a newer Envoy is to be supported, then review the difference.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { readEmbeddedDescriptors } from '../src/node/embedded-descriptors.ts';
import { compileProtos } from './compile.mjs';
import { namesType, printOverlay, subtractFile, typesOf } from './descriptor-overlay.mjs';
import { readProtoSources } from './proto-sources.mjs';

const { values } = parseArgs({ options: { envoy: { type: 'string' } } });
if (values.envoy === undefined) throw new Error('Cannot derive the overlay: wanted --envoy PATH');

const roots = Object.values(JSON.parse(await readFile(new URL('roots.json', import.meta.url), 'utf8'))).flat();
const version = /\/(\d+\.\d+\.\d+)\//.exec(execFileSync(values.envoy, ['--version'], { encoding: 'utf8' }))?.[1];
const embedded = new Map((await readEmbeddedDescriptors(values.envoy)).file.map((file) => [file.name, file]));

const declarations = new Map();
for (const file of embedded.values()) {
  for (const [name, type] of typesOf(file)) declarations.set(name, { file, type });
  for (const service of file.service) {
    const field = service.method.flatMap(({ inputType, outputType }) =>
      [inputType, outputType].map((typeName) => ({ typeName, type: 11 })),
    );
    declarations.set(`${file.package}.${service.name}`, { file, type: { field } });
  }
}

const reachable = new Set();
const pending = [...roots];
for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
  if (reachable.has(name) || !declarations.has(name) || name.startsWith('google.')) continue;
  reachable.add(name);
  for (const field of declarations.get(name).type.field ?? []) {
    if (namesType(field)) pending.push(field.typeName.slice(1));
  }
}

const sources = await readProtoSources();
const names = new Set([...reachable].map((name) => declarations.get(name).file.name));
const compiled = await compileProtos(
  sources,
  [...names].filter((name) => sources.files.has(name)),
);
const base = new Map(compiled.map((file) => [file.name, file]));
const files = [...names]
  .sort()
  .map((name) => subtractFile(embedded.get(name), base.get(name), reachable))
  .filter((file) => file !== undefined);
const overlay = { envoy: version, protos: `@grpc/grpc-js-xds ${sources.version}`, files: printOverlay(files) };
await writeFile(new URL('overlay.json', import.meta.url), `${JSON.stringify(overlay, null, 2)}\n`);
console.error(`overlay.json: ${files.length} files patched to Envoy ${version}; format it with biome`);
