import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type CompiledView, formatFieldPath, formatRef } from '@heddle/model';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { compileFixture, fixturesRoot } from '../fixtures/compile-fixture.ts';
import { dump } from './dump.ts';

/**
 * Each folder of `fixtures/` is a case: `in.yaml`, the proxy in `view.yaml` (the ingress gateway if absent), and what is expected in
 * `out/`. `UPDATE_FIXTURES=1` writes `out/` anew and removes what no longer belongs there; the difference is for reviewing.
 */
const update = process.env['UPDATE_FIXTURES'] === '1';

function render(compiled: CompiledView): Readonly<Record<string, string>> {
  const { listeners, routes, clusters, endpoints, secrets, extensions } = dump(compiled.resources);
  const diagnostics = compiled.diagnostics.map(({ resource, path, ...rest }) => ({
    ...rest,
    resource: resource === undefined ? undefined : formatRef(resource),
    path: formatFieldPath(path),
  }));
  const provenance: Record<string, Record<string, string>> = {};
  for (const [typeUrl, resources] of compiled.resources) {
    for (const name of resources.keys()) {
      const origins = compiled.provenance(typeUrl, name);
      provenance[`${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} ${name}`] = Object.fromEntries(
        [...(origins ?? [])].map(([part, origin]) => [
          part === '' ? '.' : part,
          `${formatRef(origin.resource)} ${formatFieldPath(origin.path)}`.trim(),
        ]),
      );
    }
  }
  const files = {
    ...{ listeners, routes, clusters, endpoints, ...(secrets.length === 0 ? {} : { secrets }) },
    ...(extensions.length === 0 ? {} : { extensions }),
    ...{ diagnostics, provenance },
  };
  return Object.fromEntries(
    Object.entries(files).map(([name, value]) => [`${name}.yaml`, stringify(value, { lineWidth: 0 })]),
  );
}

for (const name of readdirSync(fixturesRoot, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort()) {
  test(`compile: fixture ${name}`, () => {
    const out = `${fixturesRoot}/${name}/out`;
    const rendered = render(compileFixture(name));
    if (update) {
      rmSync(out, { recursive: true, force: true });
      mkdirSync(out);
      for (const [file, text] of Object.entries(rendered)) writeFileSync(`${out}/${file}`, text);
    }
    const expected = Object.fromEntries(readdirSync(out).map((file) => [file, readFileSync(`${out}/${file}`, 'utf8')]));
    expect(rendered).toEqual(expected);
  });
}
