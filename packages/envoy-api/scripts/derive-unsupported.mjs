// Rewrites src/unsupported-names.ts from Envoy binaries, one of each supported minor version:
//
//     node scripts/derive-unsupported.mjs --envoy PATH --envoy PATH …
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createFileRegistry } from '@bufbuild/protobuf';
import { files } from '../gen/files.js';
import { readEmbeddedDescriptors } from '../src/node/embedded-descriptors.ts';
import { findSchemaDifferences } from '../src/schema-differences.ts';

const { values } = parseArgs({ options: { envoy: { type: 'string', multiple: true } } });
if (values.envoy === undefined) throw new Error('Cannot derive the unsupported fields: wanted --envoy PATH …');

/** For every name the versions that lack it; names with the same versions are listed together. */
const versionsOf = new Map();
const versions = [];
for (const path of values.envoy) {
  const version = /\/(\d+\.\d+)\.\d+\//.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))[1];
  versions.push(version);
  for (const name of findSchemaDifferences(files, createFileRegistry(await readEmbeddedDescriptors(path))).missing) {
    versionsOf.set(name, [...(versionsOf.get(name) ?? []), version]);
  }
}
versions.sort(byNumber);
const groups = new Map();
for (const [name, lacking] of [...versionsOf].sort()) {
  const key = lacking.sort(byNumber).join(' ');
  groups.set(key, [...(groups.get(key) ?? []), name]);
}
const entries = [...groups]
  .sort(([one], [other]) => one.length - other.length || one.localeCompare(other))
  .map(([key, names]) => {
    const list = names.map((name) => `      '${name}',`).join('\n');
    return `  {\n    versions: [${key
      .split(' ')
      .map((version) => `'${version}'`)
      .join(', ')}],\n    names: [\n${list}\n    ],\n  },`;
  });
await writeFile(
  new URL('../src/unsupported-names.ts', import.meta.url),
  `// Written by scripts/derive-unsupported.mjs from the descriptors inside Envoy binaries.

/** The Envoy minor versions that were examined. */
export const examinedVersions = [${versions.map((version) => `'${version}'`).join(', ')}] as const;

/** Types, fields and enum values that some Envoy versions lack, grouped by which. */
export const unsupportedNames: readonly { readonly versions: readonly string[]; readonly names: readonly string[] }[] = [
${entries.join('\n')}
];
`,
);

function byNumber(one, other) {
  return Number(one.split('.')[1]) - Number(other.split('.')[1]);
}
