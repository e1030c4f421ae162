/**
 * What compiling costs: `node --conditions=@heddle/source bench/compile.ts [SERVICES]`.
 *
 * One gateway proxy with as many Gateways, VirtualServices and Services (two ready Pods each) as asked for, 1,000 unless given. Prints
 * JSON: CPU milliseconds for a cold compilation from parsed objects to encoded bytes, for a second proxy of the same view and for one of
 * another view, for one changed object of each kind (mean of many), and each as a ratio of the cold one.
 */
import process from 'node:process';
import { createCompiler } from '@heddle/compiler';
import { type AnyMeshObject, MeshSnapshot, type ProxyNode, viewOf } from '@heddle/model';

const count = Number(process.argv[2] ?? 1000);
/** Before measuring: a control plane that runs for months is warm. */
const WARM_UP_ROUNDS = 50;
const ROUNDS = 101;

function service(index: number): AnyMeshObject[] {
  const name = `service-${index}`;
  const namespace = `shop-${index % 10}`;
  const pods = [1, 2].map((replica) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-${replica}`, namespace, labels: { app: name, version: `v${replica}` } },
    spec: { containers: [{ name: 'web', image: 'web', ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: {
      podIP: `10.${index >> 8}.${index & 255}.${replica}`,
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }));
  return [
    ...pods,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name, namespace },
      spec: {
        selector: { istio: 'ingressgateway' },
        servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [`${name}.example.com`] }],
      },
    },
    virtualService(index, '/cart'),
  ] as unknown as AnyMeshObject[];
}

function virtualService(index: number, prefix: string): AnyMeshObject {
  const name = `service-${index}`;
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: `shop-${index % 10}` },
    spec: {
      hosts: [`${name}.example.com`],
      gateways: [name],
      http: [
        { match: [{ uri: { prefix } }], route: [{ destination: { host: name, port: { number: 80 } } }] },
        { route: [{ destination: { host: name } }] },
      ],
    },
  } as unknown as AnyMeshObject;
}

const node: ProxyNode = {
  id: 'router~127.0.0.1~gateway.istio-system~istio-system.svc.cluster.local',
  type: 'router',
  ip: '127.0.0.1',
  name: 'gateway',
  namespace: 'istio-system',
  dnsDomain: 'istio-system.svc.cluster.local',
  labels: { istio: 'ingressgateway' },
  capabilities: { dataPlane: 'envoy', minor: 40 },
};

/** CPU time of this thread: on a machine with other work the wall clock says more about that. Kernels count in steps of up to 4 ms. */
function time<T>(work: () => T): { readonly ms: number; readonly result: T } {
  const start = process.threadCpuUsage();
  const result = work();
  const { user, system } = process.threadCpuUsage(start);
  return { ms: (user + system) / 1000, result };
}

const objects = Array.from({ length: count }, (_, index) => service(index)).flat();
const first = MeshSnapshot.of(objects.map((object) => ({ object })));
const compiler = createCompiler();
const view = viewOf(node, compiler.selectorKeys(first));
const cold = time(() => compiler.compile(first, view));
const again = time(() => compiler.compile(first, view));
const otherView = time(() =>
  compiler.compile(first, viewOf({ ...node, namespace: 'other' }, compiler.selectorKeys(first))),
);

/** Compiles after each of several changes of one object; the snapshot is made outside the measured time. */
function change(alter: (object: AnyMeshObject, round: number) => AnyMeshObject | undefined): number {
  let snapshot = first;
  let current = objects;
  const times: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const position = current.findIndex((object) => alter(object, round) !== undefined);
    current = current.with(position, alter(current[position] as AnyMeshObject, round) as AnyMeshObject);
    const next = MeshSnapshot.of(
      current.map((object) => ({ object })),
      { previous: snapshot },
    );
    const { ms } = time(() => compiler.compile(next, view));
    if (round >= WARM_UP_ROUNDS) times.push(ms);
    snapshot = next;
  }
  return times.reduce((sum, ms) => sum + ms, 0) / times.length;
}

const oneVirtualService = change((object, round) =>
  object.kind === 'VirtualService' && object.metadata.name === 'service-7'
    ? virtualService(7, `/cart-${round}`)
    : undefined,
);
const onePod = change((object, round) =>
  object.kind === 'Pod' && object.metadata.name === 'service-7-1'
    ? ({ ...object, status: { ...object.status, podIP: `10.99.0.${round + 1}` } } as AnyMeshObject)
    : undefined,
);
const oneService = change((object, round) =>
  object.kind === 'Service' && object.metadata.name === 'service-7'
    ? ({ ...object, spec: { ...object.spec, publishNotReadyAddresses: round % 2 === 0 } } as AnyMeshObject)
    : undefined,
);
const oneComment = change((object, round) =>
  object.kind === 'Gateway' && object.metadata.name === 'service-7'
    ? ({ ...object, metadata: { ...object.metadata, annotations: { round: String(round) } } } as AnyMeshObject)
    : undefined,
);

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
const figures = { again: again.ms, otherView: otherView.ms, oneVirtualService, onePod, oneService, oneComment };
const report = {
  services: count,
  coldMs: round(cold.ms),
  ms: Object.fromEntries(Object.entries(figures).map(([name, ms]) => [name, round(ms)])),
  ratioToCold: Object.fromEntries(
    Object.entries(figures).map(([name, ms]) => [name, Math.round((ms / cold.ms) * 1e5) / 1e5]),
  ),
  resources: [...cold.result.resources.values()].reduce((sum, byName) => sum + byName.size, 0),
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
