import {
  type KindName,
  kinds,
  MESH_CONFIG_NAME,
  type ObjectOf,
  parseObject,
  type Schema,
  type SchemaNode,
  validate,
} from '@heddle/api';
import fc from 'fast-check';
import { arbitraryOfFormat } from './arbitrary-format.ts';

export interface ArbitraryObjectOptions {
  /** `applied`: only fields and values that are obeyed (with what is required around them). `all`: every declared one. Default `applied`. */
  readonly fields?: 'applied' | 'all';
}

/**
 * Sound objects of a kind, made from its declaration: every one validates. For properties such as "Envoy accepts what validation
 * accepts".
 */
export function arbitraryObject<K extends KindName>(
  kind: K,
  options: ArbitraryObjectOptions = {},
): fc.Arbitrary<ObjectOf<K>> {
  return arbitraryManifest(kind, options)
    .map((manifest) => parseObject(manifest).object as ObjectOf<K> | undefined)
    .filter((object) => object !== undefined);
}

/** Like {@link arbitraryObject}, but as a user writes it: the JSON before validation. */
export function arbitraryManifest(kind: KindName, options: ArbitraryObjectOptions = {}): fc.Arbitrary<Manifest> {
  const declaration = kinds[kind];
  const apiVersions = declaration.versions.map((version) =>
    declaration.group === '' ? version : `${declaration.group}/${version}`,
  );
  const specSchema: Schema<unknown> = declaration.spec;
  const generator = new Generator(options.fields === 'all', specSchema.node, (spec) => consistent(kind, spec));
  const status: Schema<unknown> | undefined = 'status' in declaration ? declaration.status : undefined;
  const statusIsRead = status !== undefined && (status.node.support ?? 'applied') === 'applied';
  return fc
    .record({
      apiVersion: fc.constantFrom(...apiVersions),
      kind: fc.constant(kind),
      metadata: fc.record({
        name: kind === 'MeshConfig' ? fc.constant(MESH_CONFIG_NAME) : arbitraryOfFormat('dns-1035-label'),
        ...(declaration.scope === 'namespaced' ? { namespace: fc.constantFrom('default', 'shop') } : {}),
        labels: fc.dictionary(fc.constantFrom('app', 'version', 'istio'), arbitraryOfFormat('label-value'), {
          maxKeys: 3,
        }),
      }),
      spec: generator.ofNode(specSchema.node),
      ...(statusIsRead ? { status: generator.ofNode(status.node) } : {}),
    })
    .map(({ spec, ...rest }): Manifest => {
      const atRoot = 'specAtRoot' in declaration && declaration.specAtRoot === true;
      return atRoot ? { ...rest, ...(spec as object) } : { ...rest, spec };
    });
}

/** A Kubernetes object as JSON. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

type Mutable = Record<string, unknown>;

class Generator {
  readonly #all: boolean;
  readonly #root: SchemaNode;
  readonly #repair: (value: Mutable) => Mutable;
  readonly #made = new Map<SchemaNode, fc.Arbitrary<unknown>>();

  constructor(all: boolean, root: SchemaNode, repair: (value: Mutable) => Mutable) {
    this.#all = all;
    this.#root = root;
    this.#repair = repair;
  }

  ofNode(node: SchemaNode): fc.Arbitrary<unknown> {
    const made = this.#made.get(node) ?? this.#make(node);
    this.#made.set(node, made);
    return made;
  }

  #make(node: SchemaNode): fc.Arbitrary<unknown> {
    switch (node.type) {
      case 'string':
        return this.#string(node);
      case 'integer': {
        if (node.values !== undefined) return fc.constantFrom(...node.values);
        const [min, max] = [node.minimum ?? -1000, node.maximum ?? 1_000_000];
        return fc.oneof(
          fc.integer({ min, max: Math.min(max, min + 100) }),
          fc.integer({ min, max: Math.min(max, 2 ** 31 - 1) }),
          fc.constantFrom(min, max),
        );
      }
      case 'number':
        return fc.double({ min: node.minimum ?? 0, max: node.maximum ?? 1000, noNaN: true, noDefaultInfinity: true });
      case 'boolean':
        return fc.boolean();
      case 'intOrString': {
        const text = node.format === undefined ? fc.constant('25%') : arbitraryOfFormat(node.format.name);
        return fc.oneof(fc.integer({ min: node.minimum ?? 0, max: node.maximum ?? 1000 }), text);
      }
      case 'array':
        return fc.array(this.ofNode(node.items.node), {
          minLength: node.minItems ?? 0,
          maxLength: Math.min(node.maxItems ?? 3, Math.max(3, node.minItems ?? 0)),
        });
      case 'map': {
        const keys =
          node.keys === undefined ? fc.string({ minLength: 1, maxLength: 5 }) : arbitraryOfFormat(node.keys.name);
        return fc
          .array(fc.tuple(keys, this.ofNode(node.values.node)), { maxLength: 3 })
          .map((entries) => Object.fromEntries(entries));
      }
      case 'object':
        return this.#object(node);
      case 'any':
        return fc.jsonValue({ maxDepth: 2 });
    }
  }

  #string(node: SchemaNode & { type: 'string' }): fc.Arbitrary<string> {
    if (node.secret === 'base64')
      return fc.string({ maxLength: 8 }).map((text) => Buffer.from(text).toString('base64'));
    const members = [...(node.values ?? []), ...(this.#all ? (node.pendingValues ?? []) : [])];
    if (members.length > 0) return fc.constantFrom(...members);
    const text = node.format === undefined ? fc.string({ maxLength: 8 }) : arbitraryOfFormat(node.format.name);
    const [minimum, maximum] = [node.minLength ?? 0, node.maxLength ?? Number.POSITIVE_INFINITY];
    return text.filter((value) => value.length >= minimum && value.length <= maximum);
  }

  #object(node: SchemaNode & { type: 'object' }): fc.Arbitrary<unknown> {
    const fields = Object.entries(node.fields).filter(
      ([name, field]) => this.#all || node.requiredFields.has(name) || (field.node.support ?? 'applied') === 'applied',
    );
    const made = fc.tuple(
      ...fields.map(([name, field]) => this.#field(name, field.node, node.requiredFields.has(name))),
    );
    const exclusive = made.map((entries) => {
      const value = withoutConflicts(Object.fromEntries(entries.flat()), node);
      return node === this.#root ? this.#repair(value) : value;
    });
    // Rules across fields are met by trying: each object by itself, so that one rule does not throw away all around it.
    return exclusive.filter((value) => validate({ node }, value).value !== undefined);
  }

  #field(name: string, node: SchemaNode, required: boolean): fc.Arbitrary<readonly (readonly [string, unknown])[]> {
    const present = this.ofNode(node).map((value): readonly (readonly [string, unknown])[] => [[name, value]]);
    if (required) return present;
    const weight = (node.support ?? 'applied') === 'applied' ? 4 : 1;
    return fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight, arbitrary: present });
  }
}

/** Of each group of fields that exclude each other, the first that is there stays. */
function withoutConflicts(value: Mutable, node: SchemaNode & { type: 'object' }): Mutable {
  const result = { ...value };
  for (const group of node.oneOf) {
    const [, ...others] = group.fields.filter((name) => Object.hasOwn(result, name));
    for (const name of others) delete result[name];
  }
  return result;
}

/** Makes the parts of a spec agree where chance never would. */
function consistent(kind: KindName, spec: Mutable): Mutable {
  if (kind === 'Deployment') return deploymentOfItsOwnPods(spec);
  if (kind === 'ServiceEntry') return endpointsOnDeclaredPorts(spec);
  if (kind === 'VirtualService') return serverNamesOfItsHosts(spec);
  return spec;
}

function deploymentOfItsOwnPods(spec: Mutable): Mutable {
  const template = spec['template'] as Mutable;
  const labels = { app: 'app', ...((template['metadata'] as Mutable | undefined)?.['labels'] as Mutable | undefined) };
  const metadata = { ...(template['metadata'] as Mutable | undefined), labels };
  return { ...spec, selector: { matchLabels: { app: labels.app } }, template: { ...template, metadata } };
}

function endpointsOnDeclaredPorts(spec: Mutable): Mutable {
  const names = ((spec['ports'] as readonly Mutable[] | undefined) ?? []).map((port) => port['name'] as string);
  if (!Array.isArray(spec['endpoints'])) return spec;
  const endpoints = (spec['endpoints'] as readonly Mutable[]).map((endpoint) => {
    const numbers = Object.values((endpoint['ports'] as Mutable | undefined) ?? {});
    const { ports: _ports, ...rest } = endpoint;
    const paired = names.slice(0, numbers.length).map((name, index) => [name, numbers[index]]);
    return {
      ...rest,
      address: spec['resolution'] === 'STATIC' ? '192.0.2.7' : 'backend.example.com',
      ...(paired.length === 0 ? {} : { ports: Object.fromEntries(paired) }),
    };
  });
  return { ...spec, endpoints };
}

function serverNamesOfItsHosts(spec: Mutable): Mutable {
  const hosts = (spec['hosts'] as readonly string[] | undefined) ?? [];
  if (hosts[0] === undefined) {
    const { tls: _tls, tcp: _tcp, gateways: _gateways, ...rest } = spec;
    return rest;
  }
  if (!Array.isArray(spec['tls'])) return spec;
  const tls = (spec['tls'] as readonly Mutable[]).map((rule) => ({
    ...rule,
    match: (rule['match'] as readonly Mutable[]).map((match) => ({ ...match, sniHosts: [hosts[0]] })),
  }));
  return { ...spec, tls };
}
