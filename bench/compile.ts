/**
 * What compiling costs: `npm run bench:compile -- [SERVICES]`, 1,000 unless given. Prints JSON, CPU milliseconds unless it says otherwise.
 *
 * - `gateway`: one gateway proxy with as many Gateways, VirtualServices, DestinationRules and Services (two ready Pods each). Cold, from
 *   parsed objects to encoded bytes; a second proxy of the same view; one of another view; after one changed object of each kind (mean
 *   of many); and cold once more in slices of 8 ms, as a control plane does it: how many, and the longest.
 * - `sidecar`: one sidecar view of as many Services with ten Pods each, from `setObjects` of a source to compiled bytes: after one changed
 *   endpoint, and after an annotation that alters nothing.
 * - `namespaces`: a hundred namespaces that share the Services, a sidecar view in each: all of them cold, and after one change.
 *
 * With `node --expose-gc` also what is retained after compiling, in megabytes.
 */
import process from 'node:process';
import { createCompiler } from '@heddle/compiler';
import { type AnyMeshObject, MeshSnapshot, type ProxyNode, type View, viewOf } from '@heddle/model';
import { createMemorySource, mergeSources } from '@heddle/sources';
import {
  destinationRule,
  GATEWAY,
  gateway,
  gatewayMesh,
  pod,
  service,
  virtualService,
} from './compile/gateway-mesh.ts';
import { meanMs, retainedMegabytes, rounded, time } from './compile/timing.ts';
import { BenchMesh, MESH_NAMESPACE } from './discovery/mesh.ts';

const count = Number(process.argv[2] ?? 1000);
const SLICE_MS = 8;

const SIDECAR: ProxyNode = {
  ...GATEWAY,
  type: 'sidecar',
  namespace: MESH_NAMESPACE,
  labels: { app: 'client' },
  capabilities: { dataPlane: 'envoy', minor: 36 },
};

function measureGateway(): Readonly<Record<string, number>> {
  const objects = gatewayMesh(count);
  const sourced = objects.map((object) => ({ object }));
  const first = MeshSnapshot.of(sourced);
  const compiler = createCompiler();
  const view = viewOf(GATEWAY, compiler.selectorKeys(first));
  const cold = time(() => compiler.compile(first, view));
  const again = time(() => compiler.compile(first, view));
  const other = viewOf({ ...GATEWAY, namespace: 'other' }, compiler.selectorKeys(first));
  const otherView = time(() => compiler.compile(first, other));

  /** Compiles after each of several changes of one object; the snapshot is made outside the measured time. */
  const change = (alter: (round: number) => AnyMeshObject): number => {
    let snapshot = first;
    const { kind, metadata } = alter(0);
    const position = objects.findIndex((one) => one.kind === kind && one.metadata.name === metadata.name);
    return meanMs(
      (round) => {
        snapshot = MeshSnapshot.of(sourced.with(position, { object: alter(round) }), { previous: snapshot });
        return snapshot;
      },
      (next) => compiler.compile(next, view),
    );
  };
  const changes = {
    oneVirtualService: change((round) => virtualService(7, `/cart-${round}`)),
    oneService: change((round) => service(7, round % 2 === 0)),
    onePod: change((round) => pod(7, 1, `10.99.0.${round + 1}`)),
    oneDestinationRule: change((round) => destinationRule(7, round % 2 === 0 ? 'RANDOM' : 'ROUND_ROBIN')),
    oneComment: change((round) => gateway(7, { round: String(round) })),
  };
  const resources = [...cold.result.resources.values()].reduce((sum, byName) => sum + byName.size, 0);
  return {
    cold: cold.ms,
    again: again.ms,
    otherView: otherView.ms,
    ...changes,
    ...inSlices(first, view),
    resources,
  };
}

/** A cold compilation as on a thread that serves others. */
function inSlices(snapshot: MeshSnapshot, view: View): Readonly<Record<string, number>> {
  const compiler = createCompiler();
  let [slices, longestSlice] = [0, 0];
  const total = time(() => {
    for (let done = false; !done; slices++) {
      const startedAtMs = performance.now();
      const slice = time(() =>
        compiler.compileWithin(snapshot, view, () => performance.now() - startedAtMs >= SLICE_MS),
      );
      done = slice.result !== undefined;
      longestSlice = Math.max(longestSlice, slice.ms);
    }
  });
  return { coldInSlices: total.ms, slices, longestSlice };
}

async function measureSidecar(): Promise<Readonly<Record<string, number | undefined>>> {
  const mesh = new BenchMesh({ services: count, endpointsPerService: 10 });
  const source = createMemorySource({ objects: mesh.objects });
  const merged = mergeSources([source]);
  const reading = time(() => merged.ready);
  await merged.ready;
  const before = retainedMegabytes();
  const compiler = createCompiler();
  const compile = (): unknown =>
    compiler.compile(merged.current, viewOf(SIDECAR, compiler.selectorKeys(merged.current)));
  const cold = time(compile);
  const after = retainedMegabytes();
  const change = (alter: (round: number) => ReturnType<BenchMesh['changeEndpoint']>): number =>
    meanMs(alter, (objects) => {
      source.setObjects(objects);
      compile();
    });
  return {
    snapshot: reading.ms,
    cold: cold.ms,
    oneEndpoint: change((round) => mesh.changeEndpoint(round)),
    oneAnnotation: change((round) => mesh.changeAnnotation(round)),
    retainedMegabytes: before === undefined || after === undefined ? undefined : rounded(after - before),
    retainedByObjectsMegabytes: before,
  };
}

/** Sidecars of a hundred namespaces that all see each other. */
function measureNamespaces(): Readonly<Record<string, number | undefined>> {
  const namespaces = 100;
  const inNamespace = (index: number, object: AnyMeshObject): AnyMeshObject =>
    ({ ...object, metadata: { ...object.metadata, namespace: `team-${index % namespaces}` } }) as AnyMeshObject;
  const objects = Array.from({ length: count }, (_, index) =>
    [service(index), pod(index, 1), pod(index, 2)].map((object) => inNamespace(index, object)),
  ).flat();
  const sourced = objects.map((object) => ({ object }));
  const first = MeshSnapshot.of(sourced);
  const before = retainedMegabytes();
  const compiler = createCompiler();
  const nodes = Array.from(
    { length: namespaces },
    (_, index): ProxyNode => ({ ...SIDECAR, namespace: `team-${index}` }),
  );
  const compileAll = (snapshot: MeshSnapshot): void => {
    const keys = compiler.selectorKeys(snapshot);
    for (const node of nodes) compiler.compile(snapshot, viewOf(node, keys));
  };
  const cold = time(() => compileAll(first));
  const after = retainedMegabytes();
  let snapshot = first;
  const change = (position: number, alter: (round: number) => AnyMeshObject): number => {
    let sum = 0;
    const rounds = 20;
    for (let round = 0; round < rounds + 5; round++) {
      const object = inNamespace(7, alter(round));
      snapshot = MeshSnapshot.of(sourced.with(position, { object }), { previous: snapshot });
      const { ms } = time(() => compileAll(snapshot));
      if (round >= 5) sum += ms;
    }
    return sum / rounds;
  };
  return {
    views: namespaces,
    cold: cold.ms,
    oneEndpoint: change(7 * 3 + 1, (round) => pod(7, 1, `10.99.0.${round + 1}`)),
    oneService: change(7 * 3, (round) => service(7, round % 2 === 0)),
    retainedMegabytes: before === undefined || after === undefined ? undefined : rounded(after - before),
  };
}

const sections = { gateway: measureGateway(), sidecar: await measureSidecar(), namespaces: measureNamespaces() };
const report = Object.fromEntries(
  Object.entries<Readonly<Record<string, number | undefined>>>(sections).map(([section, figures]) => [
    section,
    Object.fromEntries(
      Object.entries(figures).map(([name, value]) => [name, value === undefined ? value : rounded(value)]),
    ),
  ]),
);
process.stdout.write(`${JSON.stringify({ services: count, ...report }, null, 2)}\n`);
