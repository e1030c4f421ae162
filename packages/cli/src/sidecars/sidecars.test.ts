import { parseObject } from '@heddle/api';
import { type AnyMeshObject, MeshSnapshot, type ProxyNode } from '@heddle/model';
import { afterEach, describe, expect, test } from 'vitest';
import type { PodPlan } from '../workloads/pod-plan.ts';
import { type SidecarDataPlane, Sidecars } from './sidecars.ts';

const pod: PodPlan = {
  namespace: 'shop',
  workload: 'cart',
  name: 'cart-0',
  labels: { app: 'cart' },
  annotations: {},
  containers: [],
  folder: '.',
};
/** The sidecar of the pod that was opened as the nth. */
const nth = (instance: number) =>
  ({ type: 'sidecar', labels: { 'heddle.dev/sidecar': String(instance) } }) as unknown as ProxyNode;
const node = nth(1);

function snapshotOf(...ports: readonly number[]): MeshSnapshot {
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } } },
    ...ports.map((port) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `s${port}`, namespace: 'shop' },
      spec: { ports: [{ port }] },
    })),
  ];
  return MeshSnapshot.of(objects.map((object) => ({ object: parseObject(object).object as AnyMeshObject })));
}

let sidecars: Sidecars;
let changes = 0;
const lines: string[] = [];
const create = () => {
  changes = 0;
  lines.length = 0;
  sidecars = new Sidecars({ address: '127.0.0.1', log: (line) => lines.push(line), onChange: () => changes++ });
  return sidecars;
};
afterEach(() => sidecars.close());

describe('Sidecars', () => {
  test('a pod that does not ask has none', async () => {
    expect(await create().open({ ...pod, namespace: 'other' }, snapshotOf(80))).toBeUndefined();
  });

  test('a sidecar has its ports before it is started, and is ready when it serves', async () => {
    const opened = await create().open(pod, snapshotOf(80));
    expect(opened?.ready).toBe(false);
    const bound = sidecars.bindingOf(node)?.ports['80'];
    expect(opened?.env).toMatchObject({
      S80_SERVICE_PORT: String(bound),
      HTTP_PROXY: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      NODE_USE_ENV_PROXY: '1',
    });

    let serves: (dataPlane: SidecarDataPlane) => void = () => {};
    sidecars.startWith(() => new Promise((resolve) => (serves = resolve)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened?.ready).toBe(false);
    serves({ stop: () => Promise.resolve() });
    await new Promise((resolve) => setImmediate(resolve));
    expect([opened?.ready, changes]).toEqual([true, 1]);
  });

  test('prepare adds ports and keeps those in use', async () => {
    await create().open(pod, snapshotOf(80));
    const before = sidecars.bindingOf(node);
    await sidecars.prepare(snapshotOf(80));
    expect(sidecars.bindingOf(node)).toBe(before);
    await sidecars.prepare(snapshotOf(80, 81));
    const after = sidecars.bindingOf(node);
    expect(Object.keys(after?.ports ?? {})).toEqual(['80', '81', '15080']);
    expect(after?.ports['80']).toBe(before?.ports['80']);
    await sidecars.prepare(snapshotOf(81));
    expect(Object.keys(sidecars.bindingOf(node)?.ports ?? {})).toEqual(['81', '15080']);
  });

  test('two sidecars never share a port', async () => {
    await create().open(pod, snapshotOf(80, 81));
    await sidecars.open({ ...pod, name: 'cart-1' }, snapshotOf(80, 81));
    const ports = [1, 2].flatMap((instance) => Object.values(sidecars.bindingOf(nth(instance))?.ports ?? {}));
    expect(new Set(ports).size).toBe(6);
  });

  test('a machine has a hundred sidecars at most', async () => {
    create();
    const snapshot = snapshotOf();
    for (let index = 0; index < 100; index++) expect(await sidecars.open(pod, snapshot)).toBeDefined();
    expect(await sidecars.open(pod, snapshot)).toBeUndefined();
    expect(lines).toEqual([expect.stringContaining('[shop/cart-0] has no sidecar')]);
  });

  test('stop ends a sidecar that is being started, once it can', async () => {
    const opened = await create().open(pod, snapshotOf(80));
    let stopped = 0;
    let serves: () => void = () => {};
    sidecars.startWith(() => new Promise((resolve) => (serves = () => resolve({ stop: async () => void stopped++ }))));
    await new Promise((resolve) => setImmediate(resolve));
    const stopping = opened?.stop();
    serves();
    await stopping;
    expect([stopped, opened?.ready, sidecars.bindingOf(node)]).toEqual([1, false, undefined]);
  });

  test('a pod that is started again has other ports, and its old sidecar keeps its own until it is gone', async () => {
    const opened = await create().open(pod, snapshotOf(80));
    const labels: unknown[] = [];
    const drained = Promise.withResolvers<void>();
    sidecars.startWith(async (_pod, given) => {
      labels.push(given);
      return { stop: () => drained.promise };
    });
    await new Promise((resolve) => setImmediate(resolve));
    const before = sidecars.bindingOf(nth(1));
    const stopping = opened?.stop();
    await sidecars.open(pod, snapshotOf(80));
    await new Promise((resolve) => setImmediate(resolve));
    expect(labels.at(-1)).toEqual({ app: 'cart', 'heddle.dev/sidecar': '2' });
    expect(sidecars.bindingOf(nth(1))).toBe(before);
    expect(sidecars.bindingOf(nth(2))?.ports['80']).not.toBe(before?.ports['80']);
    drained.resolve();
    await stopping;
    expect(sidecars.bindingOf(nth(1))).toBeUndefined();
  });

  test('close ends also those that never got a control plane', async () => {
    await create().open(pod, snapshotOf(80));
    await sidecars.close();
    expect([sidecars.bindingOf(node), lines]).toEqual([undefined, []]);
  });

  test('a sidecar that cannot be started is told, and its pod stays unready', async () => {
    const opened = await create().open(pod, snapshotOf(80));
    sidecars.startWith(() => Promise.reject(new Error('no Envoy')));
    await new Promise((resolve) => setImmediate(resolve));
    expect([lines, opened?.ready]).toEqual([['[shop/cart-0] Cannot start the sidecar: no Envoy'], false]);
  });
});
