import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseObject } from '@heddle/api';
import {
  type CompiledView,
  formatFieldPath,
  formatRef,
  MeshSnapshot,
  type ProxyCapabilities,
  type ProxyNode,
  viewOf,
} from '@heddle/model';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { createCompiler } from './compiler.ts';
import { dump } from './dump.ts';
import type { MeshSettings } from './settings.ts';

/**
 * Each folder of `fixtures/` is a case: `in.yaml`, the proxy in `view.yaml` (the ingress gateway if absent), and what is expected in
 * `out/`. `UPDATE_FIXTURES=1` writes `out/` anew and removes what no longer belongs there; the difference is for reviewing.
 */
const root = fileURLToPath(new URL('../fixtures', import.meta.url));
const update = process.env['UPDATE_FIXTURES'] === '1';

interface ViewFile {
  readonly type: ProxyNode['type'];
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly binding?: NonNullable<ProxyNode['binding']>;
  readonly capabilities?: ProxyCapabilities;
  readonly settings?: Partial<MeshSettings>;
}

const INGRESS: ViewFile = { type: 'router', namespace: 'istio-system', labels: { istio: 'ingressgateway' } };

function compileCase(folder: string): CompiledView {
  const objects = parseAllDocuments(readFileSync(`${folder}/in.yaml`, 'utf8')).map((document) => {
    const { object, problems } = parseObject(document.toJS());
    expect(problems.filter((problem) => problem.severity === 'error')).toEqual([]);
    if (object === undefined) throw new Error('no object');
    return { object };
  });
  const file: ViewFile = existsSync(`${folder}/view.yaml`)
    ? (parse(readFileSync(`${folder}/view.yaml`, 'utf8')) as ViewFile)
    : INGRESS;
  const snapshot = MeshSnapshot.of(objects);
  const compiler = createCompiler(file.settings === undefined ? {} : { settings: file.settings });
  const node: ProxyNode = {
    id: `${file.type}~127.0.0.1~proxy.${file.namespace}~${file.namespace}.svc.cluster.local`,
    type: file.type,
    ip: '127.0.0.1',
    name: 'proxy',
    namespace: file.namespace,
    dnsDomain: `${file.namespace}.svc.cluster.local`,
    labels: file.labels ?? {},
    ...(file.binding === undefined ? {} : { binding: file.binding }),
    capabilities: file.capabilities ?? { dataPlane: 'envoy', minor: 40 },
  };
  return compiler.compile(snapshot, viewOf(node, compiler.selectorKeys(snapshot)));
}

function render(compiled: CompiledView): Readonly<Record<string, string>> {
  const { listeners, routes, clusters, endpoints } = dump(compiled.resources);
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
  const files = { listeners, routes, clusters, endpoints, diagnostics, provenance };
  return Object.fromEntries(
    Object.entries(files).map(([name, value]) => [`${name}.yaml`, stringify(value, { lineWidth: 0 })]),
  );
}

for (const name of readdirSync(root).sort()) {
  test(`compile: fixture ${name}`, () => {
    const folder = `${root}/${name}`;
    const out = `${folder}/out`;
    const rendered = render(compileCase(folder));
    if (update) {
      rmSync(out, { recursive: true, force: true });
      mkdirSync(out);
      for (const [file, text] of Object.entries(rendered)) writeFileSync(`${out}/${file}`, text);
    }
    const expected = Object.fromEntries(readdirSync(out).map((file) => [file, readFileSync(`${out}/${file}`, 'utf8')]));
    expect(rendered).toEqual(expected);
  });
}
