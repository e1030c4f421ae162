import { type AnyMeshObject, type CompiledView, MeshSnapshot, type ProxyNode, type View, viewOf } from '@heddle/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Compiler, createCompiler } from './compiler.ts';

/**
 * Small worlds: names, labels, hosts and ports come from pools of a few, so that objects refer to one another, miss one another and
 * collide. Objects need not be valid beyond having their required fields.
 */
const name = fc.constantFrom('a', 'b', 'c');
const namespace = fc.constantFrom('shop', 'front', 'istio-system');
const port = fc.constantFrom(80, 81, 9000);
const host = fc.constantFrom('a', 'b', 'a.shop.svc.cluster.local', 'x.example.com', '*.example.com', '*', 'missing');
const labels = fc.dictionary(fc.constantFrom('app', 'version'), fc.constantFrom('a', 'b'), { maxKeys: 2 });
const created = fc.option(fc.constantFrom('2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z', 'nonsense'), {
  nil: undefined,
});
const text = fc.constantFrom('', '/', '/a', '/b/', 'x', '.*');
const stringMatch = fc.oneof(
  fc.constant({}),
  fc.record({ exact: text }),
  fc.record({ prefix: text }),
  fc.record({ regex: fc.constantFrom('.*', '*', 'a+') }),
);
const headerChanges = fc.record(
  {
    set: fc.dictionary(fc.constantFrom('x-a', 'host', ':authority'), text),
    remove: fc.array(fc.constantFrom('x-b', 'Host')),
  },
  { requiredKeys: [] },
);
const leg = fc.record(
  {
    destination: fc.record(
      { host, subset: fc.constantFrom('v1', 'v2'), port: fc.record({ number: port }) },
      { requiredKeys: ['host'] },
    ),
    weight: fc.constantFrom(0, 1, 99),
    headers: fc.record({ request: headerChanges, response: headerChanges }, { requiredKeys: [] }),
  },
  { requiredKeys: ['destination'] },
);
const httpRule = fc.record(
  {
    name: text,
    match: fc.array(
      fc.record(
        {
          uri: stringMatch,
          headers: fc.dictionary(fc.constantFrom('x-h', 'x-i'), stringMatch),
          method: stringMatch,
          port,
          gateways: fc.array(fc.constantFrom('a', 'mesh'), { maxLength: 1 }),
          sourceLabels: labels,
          sourceNamespace: namespace,
        },
        { requiredKeys: [] },
      ),
      { maxLength: 2 },
    ),
    route: fc.array(leg, { maxLength: 3 }),
    redirect: fc.record({ uri: text, port, redirectCode: fc.constantFrom(301, 308) }, { requiredKeys: [] }),
    rewrite: fc.record({ uri: text, authority: text }, { requiredKeys: [] }),
    headers: fc.record({ request: headerChanges }, { requiredKeys: [] }),
    delegate: fc.record({ name, namespace }, { requiredKeys: ['name'] }),
    mirror: fc.record({ host }),
    fault: fc.record({ abort: fc.record({ httpStatus: fc.constantFrom(418, 503) }) }),
    corsPolicy: fc.record({ allowOrigins: fc.array(stringMatch, { maxLength: 2 }) }),
  },
  { requiredKeys: [] },
);
const exportTo = fc.array(fc.oneof(namespace, fc.constantFrom('*', '.', '~')), { maxLength: 2 });
const specs = {
  Service: fc.record(
    {
      selector: labels,
      clusterIP: fc.constantFrom('None', '10.0.0.1', ''),
      publishNotReadyAddresses: fc.boolean(),
      ports: fc.array(
        fc.record(
          {
            port,
            name: fc.constantFrom('http', 'grpc', 'tcp-x', 'x'),
            targetPort: fc.constantFrom(8080, 'web', 'gone'),
            protocol: fc.constantFrom('TCP', 'UDP'),
          },
          { requiredKeys: ['port'] },
        ),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: [] },
  ),
  Pod: fc.record({
    containers: fc.array(
      fc.record({
        name,
        ports: fc.array(fc.record({ name: fc.constant('web'), containerPort: port }), { maxLength: 2 }),
      }),
      { maxLength: 1 },
    ),
  }),
  Gateway: fc.record(
    {
      selector: fc.dictionary(fc.constant('istio'), fc.constantFrom('ingressgateway', 'other'), { maxKeys: 1 }),
      servers: fc.array(
        fc.record({
          port: fc.record({ number: port, name, protocol: fc.constantFrom('HTTP', 'HTTP2', 'HTTPS', 'TCP') }),
          hosts: fc.array(
            fc.constantFrom('*', 'x.example.com', '*.example.com', 'shop/x.example.com', './a.shop.svc.cluster.local'),
            { minLength: 1, maxLength: 2 },
          ),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    },
    { requiredKeys: ['servers'] },
  ),
  VirtualService: fc.record(
    {
      hosts: fc.array(host, { maxLength: 2 }),
      gateways: fc.array(fc.constantFrom('a', 'b', 'shop/a', './c', 'a.shop.svc.cluster.local', 'mesh'), {
        maxLength: 2,
      }),
      http: fc.array(httpRule, { maxLength: 3 }),
      exportTo,
    },
    { requiredKeys: [] },
  ),
  DestinationRule: fc.record(
    {
      host,
      trafficPolicy: fc.record({ loadBalancer: fc.record({ simple: fc.constantFrom('RANDOM', 'PASSTHROUGH') }) }),
      subsets: fc.array(fc.record({ name: fc.constantFrom('v1', 'v2'), labels }), { maxLength: 2 }),
      exportTo,
    },
    { requiredKeys: ['host'] },
  ),
  ServiceEntry: fc.record(
    {
      hosts: fc.array(fc.constantFrom('x.example.com', '*.example.com', 'a.shop.svc.cluster.local'), {
        minLength: 1,
        maxLength: 2,
      }),
      resolution: fc.constantFrom('NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN'),
      ports: fc.array(
        fc.record({
          number: port,
          name: fc.constantFrom('http', 'tcp'),
          protocol: fc.constantFrom('HTTP', 'GRPC', 'TCP'),
        }),
        { maxLength: 2 },
      ),
      endpoints: fc.array(
        fc.record(
          { address: fc.constantFrom('192.0.2.1', 'e.example.com'), labels, weight: fc.constantFrom(0, 1, 5) },
          { requiredKeys: [] },
        ),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: ['hosts'] },
  ),
} as const;

const annotations = fc.dictionary(
  fc.constantFrom('heddle.dev/address', 'heddle.dev/bound-ports', 'networking.istio.io/exportTo'),
  fc.constantFrom('127.0.0.1', '80=40080,9000=x', 'nonsense', '.', 'shop,istio-system', '~'),
);
const status = fc.option(
  fc.record({
    podIP: fc.constantFrom('10.1.0.1', 'fd00::1', 'garbage'),
    phase: fc.constantFrom('Running', 'Failed'),
    conditions: fc.array(fc.record({ type: fc.constant('Ready'), status: fc.constantFrom('True', 'False') }), {
      maxLength: 1,
    }),
  }),
  { nil: undefined },
);

const meshObject: fc.Arbitrary<AnyMeshObject> = fc
  .constantFrom(...(Object.keys(specs) as (keyof typeof specs)[]))
  .chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      name,
      namespace,
      labels,
      annotations,
      created,
      status,
      spec: specs[kind] as fc.Arbitrary<object>,
    }),
  )
  .map(
    ({ kind, name: objectName, namespace: home, labels: own, annotations: notes, created: born, status: now, spec }) =>
      ({
        apiVersion: 'v1',
        kind,
        metadata: {
          name: objectName,
          namespace: home,
          labels: own,
          annotations: notes,
          ...(born === undefined ? {} : { creationTimestamp: born }),
        },
        spec,
        ...(kind === 'Pod' && now !== undefined ? { status: now } : {}),
      }) as unknown as AnyMeshObject,
  );

/** Objects with distinct identities. */
const world = fc.uniqueArray(meshObject, {
  maxLength: 14,
  selector: (object) => `${object.kind} ${object.metadata.namespace} ${object.metadata.name}`,
});

const nodes: readonly Pick<ProxyNode, 'type' | 'namespace' | 'labels' | 'capabilities' | 'binding'>[] = [
  {
    type: 'router',
    namespace: 'istio-system',
    labels: { istio: 'ingressgateway' },
    capabilities: { dataPlane: 'envoy', minor: 40 },
  },
  { type: 'sidecar', namespace: 'shop', labels: { app: 'a' }, capabilities: { dataPlane: 'envoy', minor: 36 } },
  { type: 'sidecar', namespace: 'shop', labels: { app: 'b' }, capabilities: { dataPlane: 'envoy', minor: 40 } },
  {
    type: 'sidecar',
    namespace: 'front',
    labels: {},
    capabilities: { dataPlane: 'heddle', features: [] },
    binding: { address: '127.0.0.1', ports: { 80: 8080 } },
  },
];

function viewsOf(compiler: Compiler, snapshot: MeshSnapshot): readonly View[] {
  const keys = compiler.selectorKeys(snapshot);
  return nodes.map((node) => viewOf({ id: '', ip: '127.0.0.1', name: 'p', dnsDomain: '', ...node }, keys));
}

function snapshotOf(objects: readonly AnyMeshObject[], previous?: MeshSnapshot): MeshSnapshot {
  const sourced = objects.map((object) => ({ object }));
  return previous === undefined ? MeshSnapshot.of(sourced) : MeshSnapshot.of(sourced, { previous });
}

/** All that a proxy or a user sees of a compiled view, comparable. */
function visible(compiled: CompiledView): unknown {
  return {
    resources: [...compiled.resources].map(([typeUrl, byName]) => [
      typeUrl,
      [...byName].map(([resourceName, resource]) => [
        resourceName,
        resource.version,
        Buffer.from(resource.bytes).toString('hex'),
        [...(compiled.provenance(typeUrl, resourceName) ?? [])],
      ]),
    ]),
    diagnostics: compiled.diagnostics,
  };
}

function compileAll(compiler: Compiler, snapshot: MeshSnapshot): unknown {
  return viewsOf(compiler, snapshot).map((view) => visible(compiler.compile(snapshot, view)));
}

describe('createCompiler: properties', () => {
  test('the order in which objects are read does not show', () => {
    fc.assert(
      fc.property(world, fc.infiniteStream(fc.nat()), (objects, random) => {
        const shuffled = objects
          .map((object) => ({ object, rank: random.next().value }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ object }) => object);
        expect(compileAll(createCompiler(), snapshotOf(shuffled))).toEqual(
          compileAll(createCompiler(), snapshotOf(objects)),
        );
      }),
      { numRuns: 150 },
    );
  });

  test('the cache does not show', () => {
    fc.assert(
      fc.property(fc.array(world, { minLength: 1, maxLength: 3 }), (worlds) => {
        const cached = createCompiler();
        for (const objects of worlds) {
          const snapshot = snapshotOf(objects);
          expect(compileAll(cached, snapshot)).toEqual(compileAll(createCompiler({ cache: false }), snapshot));
        }
      }),
      { numRuns: 100 },
    );
  });

  test('changes one by one end where a fresh start ends, and undoing them restores the old bytes', () => {
    fc.assert(
      fc.property(world, fc.array(meshObject, { maxLength: 5 }), (objects, changes) => {
        const compiler = createCompiler();
        const identity = (object: AnyMeshObject): string =>
          `${object.kind} ${object.metadata.namespace} ${object.metadata.name}`;
        const first = snapshotOf(objects);
        const before = compileAll(compiler, first);
        let snapshot = first;
        let current = objects;
        for (const change of changes) {
          const others = current.filter((object) => identity(object) !== identity(change));
          // An object that is there already with the same content is taken away instead.
          current = others.length < current.length && current.includes(change) ? others : [...others, change];
          snapshot = snapshotOf(current, snapshot);
          expect(compileAll(compiler, snapshot)).toEqual(compileAll(createCompiler(), snapshotOf(current)));
        }
        expect(compileAll(compiler, snapshotOf(objects, snapshot))).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  test('a compilation that is interrupted after each result ends where an uninterrupted one ends', () => {
    fc.assert(
      fc.property(world, meshObject, (objects, added) => {
        const compiler = createCompiler();
        const first = snapshotOf(objects);
        for (const snapshot of [first, snapshotOf([...objects, added], first)]) {
          for (const view of viewsOf(compiler, snapshot)) {
            let compiled: CompiledView | undefined;
            for (let slices = 0; compiled === undefined; slices++) {
              if (slices > 5_000) throw new RangeError('it does not get further');
              compiled = compiler.compileWithin(snapshot, view, () => true);
            }
            expect(visible(compiled)).toEqual(visible(createCompiler().compile(snapshot, view)));
            expect(compiler.compile(snapshot, view)).toBe(compiled);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('long histories in which objects come, go and change end where a fresh start ends, after each step', () => {
    const pool = fc.uniqueArray(meshObject, {
      minLength: 12,
      maxLength: 24,
      selector: (object) => JSON.stringify(object),
    });
    fc.assert(
      fc.property(
        pool,
        fc.array(fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), { maxLength: 25 }),
        (all, steps) => {
          const compiler = createCompiler();
          const identity = (object: AnyMeshObject): string =>
            `${object.kind} ${object.metadata.namespace} ${object.metadata.name}`;
          const current = new Map<string, AnyMeshObject>();
          let snapshot = MeshSnapshot.empty;
          for (const step of steps) {
            for (const number of step) {
              const object = all[number % all.length] as AnyMeshObject;
              if (current.get(identity(object)) === object) current.delete(identity(object));
              else current.set(identity(object), object);
            }
            const objects = [...current.values()].sort((a, b) => (identity(a) < identity(b) ? -1 : 1));
            snapshot = snapshotOf(objects, snapshot);
            expect(compileAll(compiler, snapshot)).toEqual(compileAll(createCompiler(), snapshotOf(objects)));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('what did not change is the same object: types, views, and resources with the same bytes', () => {
    fc.assert(
      fc.property(world, meshObject, (objects, added) => {
        const compiler = createCompiler();
        const first = snapshotOf(objects);
        const next = snapshotOf([...objects, added], first);
        for (const view of viewsOf(compiler, first)) {
          const before = compiler.compile(first, view);
          const after = compiler.compile(next, view);
          for (const [typeUrl, byName] of after.resources) {
            const known = before.resources.get(typeUrl);
            for (const [resourceName, resource] of byName) {
              const old = known?.get(resourceName);
              if (old?.version === resource.version) expect(resource).toBe(old);
            }
            const versions = (map: typeof byName | undefined): string[] =>
              [...(map ?? [])].map(([key, value]) => key + value.version);
            if (versions(known).join() === versions(byName).join()) expect(byName).toBe(known);
          }
          if (JSON.stringify(visible(before)) === JSON.stringify(visible(after))) {
            expect(after.resources).toBe(before.resources);
          }
          expect(compiler.compile(next, view)).toBe(after);
        }
      }),
      { numRuns: 100 },
    );
  });
});
