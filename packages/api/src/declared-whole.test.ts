import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ObjectMeta } from './kinds/object-meta.ts';
import { type KindName, kinds } from './kinds.ts';
import type { SchemaNode } from './schema.ts';

/*
 * "Declared whole" is checked against other people's reading of the same APIs: the types of the development dependencies
 * kubernetes-models (from Kubernetes' OpenAPI document) and @kubernetes-models/istio (from Istio's CRDs).
 */

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** Not in any cluster's API: it is a text inside a ConfigMap. */
type WithoutCrd = 'MeshConfig';

const typesOf: Readonly<Record<Exclude<KindName, WithoutCrd>, string>> = {
  Namespace: 'kubernetes-models/v1/Namespace.d.ts',
  Pod: 'kubernetes-models/v1/Pod.d.ts',
  Service: 'kubernetes-models/v1/Service.d.ts',
  Deployment: 'kubernetes-models/apps/v1/Deployment.d.ts',
  Gateway: '@kubernetes-models/istio/networking.istio.io/v1/Gateway.d.ts',
  VirtualService: '@kubernetes-models/istio/networking.istio.io/v1/VirtualService.d.ts',
  DestinationRule: '@kubernetes-models/istio/networking.istio.io/v1/DestinationRule.d.ts',
  Secret: 'kubernetes-models/v1/Secret.d.ts',
  Sidecar: '@kubernetes-models/istio/networking.istio.io/v1/Sidecar.d.ts',
  WasmPlugin: '@kubernetes-models/istio/extensions.istio.io/v1alpha1/WasmPlugin.d.ts',
  ServiceEntry: '@kubernetes-models/istio/networking.istio.io/v1/ServiceEntry.d.ts',
};

/** Fields that we declare and those packages do not, by name, with the reason. */
const ONLY_OURS: Readonly<Record<string, string>> = {
  ecdhCurves: 'Istio after 1.29',
  insecureSkipVerify: 'ServerTLSSettings: Istio after 1.29',
  prefixRewrite: 'HTTPRedirect: Istio after 1.29',
  http2KeepAlive: 'Istio after 1.29',
  backendUtilization: 'Istio after 1.29',
  zoneAwareLbSetting: 'Istio after 1.29',
  outlierDetectionHttpErrorCodes: 'Istio after 1.29',
  budgetInterval: 'Istio after 1.29',
  observedGeneration: 'one declaration for the conditions of all Kubernetes kinds',
  lastProbeTime: 'one declaration for the conditions of all Kubernetes kinds',
  lastUpdateTime: 'one declaration for the conditions of all Kubernetes kinds',
};

describe.each(Object.keys(typesOf) as (keyof typeof typesOf)[])('%s', (kind) => {
  const declaration = kinds[kind];
  const theirs = readInterface(resolve(modules, typesOf[kind]), `I${kind}`);

  const atRoot = 'specAtRoot' in declaration && declaration.specAtRoot === true;
  const theirSpec = atRoot ? withoutCommonFields(theirs) : theirs.fields.get('spec');

  test('declares every field of the API', () => {
    const missing = [
      ...compare(theirSpec, declaration.spec.node, 'spec').missing,
      ...compare(theirs.fields.get('status'), declaration.status?.node, 'status').missing,
    ];
    expect(missing).toEqual([]);
  });

  test('declares nothing else, but for what is listed', () => {
    const more = [
      ...compare(theirSpec, declaration.spec.node, 'spec').more,
      ...compare(theirs.fields.get('status'), declaration.status?.node, 'status').more,
    ];
    expect(more.filter((path) => !Object.hasOwn(ONLY_OURS, path.split('.').at(-1) ?? ''))).toEqual([]);
  });
});

test('ObjectMeta declares every field of the API', () => {
  const path = resolve(modules, '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta.d.ts');
  const { missing, more } = compare(readInterface(path, 'IObjectMeta'), ObjectMeta.node, 'metadata');
  expect(missing).toEqual([]);
  expect(more).toEqual([]);
});

/** The fields of an object without those that every object has. */
function withoutCommonFields({ fields }: TypeShape): TypeShape {
  const common = ['apiVersion', 'kind', 'metadata'];
  return { fields: new Map([...fields].filter(([name]) => !common.includes(name))) };
}

interface Comparison {
  readonly missing: readonly string[];
  readonly more: readonly string[];
}

const NOTHING: Comparison = { missing: [], more: [] };

function compare(theirs: TypeShape | undefined, ours: SchemaNode | undefined, path: string): Comparison {
  if (theirs === undefined || ours === undefined || ours.type === 'any') {
    return theirs !== undefined && ours === undefined ? { missing: [path], more: [] } : NOTHING;
  }
  if (ours.type === 'array') return compare(theirs.items, ours.items.node, `${path}[]`);
  if (ours.type === 'map') return compare(theirs.values, ours.values.node, `${path}{}`);
  if (ours.type !== 'object') return theirs.fields.size > 0 ? { missing: [`${path} has fields`], more: [] } : NOTHING;
  const missing: string[] = [];
  const more: string[] = [];
  for (const [name, field] of theirs.fields) {
    const declared = ours.fields[name];
    if (declared === undefined) {
      missing.push(`${path}.${name}`);
      continue;
    }
    const below = compare(field, declared.node, `${path}.${name}`);
    missing.push(...below.missing);
    more.push(...below.more);
  }
  // A type that the reader below takes for opaque (metadata of templates, quantities) says nothing about fields.
  if (theirs.fields.size > 0)
    more.push(
      ...Object.keys(ours.fields)
        .filter((name) => !theirs.fields.has(name))
        .map((name) => `${path}.${name}`),
    );
  return { missing, more };
}

/** What a type in a declaration file is made of, as far as fields go. */
interface TypeShape {
  readonly fields: ReadonlyMap<string, TypeShape>;
  readonly items?: TypeShape;
  readonly values?: TypeShape;
}

/** Types whose fields are compared once, elsewhere, or that have none. */
const OPAQUE = /ObjectMeta$|Quantity$|IntOrString$|V1Time$|MicroTime$|FieldsV1$/;
const shapes = new Map<string, TypeShape>();

function readInterface(file: string, name: string): TypeShape {
  const known = shapes.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const imports = new Map<string, string>();
  for (const [, list = '', from = ''] of text.matchAll(/import \{([^}]*)\} from "([^"]+)"/g)) {
    const path = from.startsWith('.')
      ? resolve(dirname(file), from.replace(/\.js$/, '.d.ts'))
      : resolve(modules, `${from}.d.ts`);
    for (const one of list.split(',')) imports.set(one.trim().split(' as ').at(-1) ?? '', path);
  }
  const body = /export interface \w+[^{]*(\{[\s\S]*?\n\})/.exec(text)?.[1];
  if (body === undefined) throw new Error(`No interface ${name} in ${file}`);
  const shape = new TypeReader(body, imports).read();
  shapes.set(file, shape);
  return shape;
}

/** Reads the few forms of types that these packages are written in. */
class TypeReader {
  readonly #tokens: readonly string[];
  readonly #imports: ReadonlyMap<string, string>;
  #at = 0;

  constructor(text: string, imports: ReadonlyMap<string, string>) {
    this.#tokens = text.match(/"(?:[^"\\]|\\.)*"|[\w$]+|[{}[\]()<>:;?|&,=]/g) ?? [];
    this.#imports = imports;
  }

  read(): TypeShape {
    return this.#type();
  }

  #take(): string {
    return this.#tokens[this.#at++] ?? '';
  }

  /** Unions and intersections of objects have the fields of all. */
  #type(): TypeShape {
    const fields = new Map<string, TypeShape>();
    let items: TypeShape | undefined;
    let values: TypeShape | undefined;
    do {
      const part = this.#part();
      for (const [name, field] of part.fields) if ((fields.get(name)?.fields.size ?? 0) === 0) fields.set(name, field);
      items ??= part.items;
      values ??= part.values;
    } while (['|', '&'].includes(this.#tokens[this.#at] ?? '') && this.#take() !== '');
    return { fields, ...(items === undefined ? {} : { items }), ...(values === undefined ? {} : { values }) };
  }

  #part(): TypeShape {
    const token = this.#take();
    if (token === '{') return this.#object();
    if (token === '(') {
      const inner = this.#type();
      this.#take();
      return inner;
    }
    if (this.#tokens[this.#at] === '<') {
      this.#take();
      const [first, ...others] = this.#list('>');
      if (token === 'Array') return { fields: new Map(), ...(first === undefined ? {} : { items: first }) };
      return {
        fields: new Map([...others, ...(first === undefined ? [] : [first])].flatMap((shape) => [...shape.fields])),
      };
    }
    const file = this.#imports.get(token);
    if (file === undefined || OPAQUE.test(token)) return { fields: new Map() };
    return readInterface(file, token);
  }

  #list(end: string): readonly TypeShape[] {
    const found: TypeShape[] = [];
    while (this.#tokens[this.#at] !== end) {
      found.push(this.#type());
      if (this.#tokens[this.#at] === ',') this.#take();
    }
    this.#take();
    return found;
  }

  #object(): TypeShape {
    const fields = new Map<string, TypeShape>();
    let values: TypeShape | undefined;
    while (this.#tokens[this.#at] !== '}') {
      const name = this.#take();
      if (name === '[') {
        while (this.#take() !== ']') {
          // key: string
        }
        this.#take();
        values = this.#type();
      } else {
        if (this.#tokens[this.#at] === '?') this.#take();
        this.#take();
        fields.set(name.replace(/^"|"$/g, ''), this.#type());
      }
      if (this.#tokens[this.#at] === ';') this.#take();
    }
    this.#take();
    return { fields, ...(values === undefined ? {} : { values }) };
  }
}
