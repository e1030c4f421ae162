// Writes docs/errors.md from the table of diagnostic codes: npm run docs
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DiagnosticCodeInfo, diagnosticCodes } from '@heddle/model';
import { root } from './ensure.mjs';

const groups: readonly (readonly [prefix: string, title: string])[] = [
  ['HED0', 'Reading'],
  ['HED1', 'Fields'],
  ['HED2', 'References and conflicts'],
  ['HED3', 'Data planes'],
  ['HED4', 'Local workloads'],
  ['IST', "Codes of Istio's analyzer, with its meaning"],
];

const entries = Object.entries<DiagnosticCodeInfo>(diagnosticCodes);
const homeless = entries.find(([code]) => !groups.some(([prefix]) => code.startsWith(prefix)));
if (homeless !== undefined) throw new Error(`Cannot write docs/errors.md: code "${homeless[0]}" belongs to no group`);

const sections = groups.map(([prefix, title]) => {
  const rows = entries
    .filter(([code]) => code.startsWith(prefix))
    .map(([code, info]) => `| <a id="${code.toLowerCase()}"></a>${code} | ${info.severity} | ${info.title} |`);
  return [`## ${title}`, '', '| code | usual severity | meaning |', '| --- | --- | --- |', ...rows, ''].join('\n');
});

const page = `# Diagnostics

Written from \`packages/model/src/diagnostic-codes.ts\` by \`npm run docs\`. A code keeps its meaning for ever. An error leaves out what it is
about and serves the rest; a warning is applied as far as it can be; the message names the object, the field, the file and the line.

${sections.join('\n')}`;

writeFileSync(join(root, 'docs/errors.md'), page);
