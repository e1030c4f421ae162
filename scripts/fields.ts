// Prints what is applied of every kind, from the declarations: npm run fields [-- --pending] [-- --json]
import process from 'node:process';
import { declaredFields, type KindName, kinds } from '@heddle/api';

const wanted = process.argv.includes('--pending') ? 'pending' : 'applied';
const fields = Object.fromEntries(
  (Object.keys(kinds) as KindName[]).map((kind) => [
    kind,
    declaredFields(kind)
      .filter((field) => field.support === wanted)
      .map((field) => field.path),
  ]),
);
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(fields, null, 2)}\n`);
else {
  for (const [kind, paths] of Object.entries(fields)) {
    process.stdout.write(`${kind}\n${paths.map((path) => `  ${path}\n`).join('')}`);
  }
}
