import { create } from '@bufbuild/protobuf';
import { NodeSchema } from '@heddle/envoy-api/core';
import { DeltaDiscoveryRequestSchema } from '@heddle/envoy-api/discovery';
import { StatusSchema } from '@heddle/envoy-api/status';
import { type CompiledView, viewOf, type XdsResource } from '@heddle/model';
import { type ManualClock, manualClock, TEST_NODE_ID, TYPE_URLS, viewOffering } from '@heddle/testing/ads';
import { arbitrarySmallMesh, MESH_CLUSTERS, MESH_ROUTES, smallMeshResources } from '@heddle/testing/mesh-model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryServer } from './discovery-server.ts';
import type { DiscoveryStream } from './discovery-stream.ts';
import { clustersNamedBy } from './make-before-break.ts';
import type { DeltaPush } from './push.ts';

// A client that does what the protocol allows, in any order, beside a mesh that changes in any way. Whatever happens, it must never be
// sent nonsense, never see a route to a cluster that it could have had, and end with what the mesh offers.

const { CDS, EDS, LDS, RDS } = TYPE_URLS;
const TYPES = [CDS, EDS, LDS, RDS];
/** What a client keeps of one type. */
interface Kept {
  announced: boolean;
  wildcard: boolean;
  names: Set<string>;
  /** In use. */
  readonly held: Map<string, { readonly version: string; readonly resource: XdsResource }>;
  /** Accepted last, by name. */
  readonly good: Map<string, string>;
  /** Refused last, by name. The view remembers it for as long as the stream lives, whatever the client lists meanwhile. */
  readonly refused: Map<string, string>;
  unanswered: DeltaPush[];
}

class Model {
  readonly clock: ManualClock = manualClock();
  readonly server: DiscoveryServer;
  /** What each of two views offers; the client belongs to one at a time. */
  readonly offers: [CompiledView, CompiledView] = [viewOffering([]), viewOffering([])];
  view: 0 | 1 = 0;
  stream: DiscoveryStream;
  kept: ReadonlyMap<string, Kept>;
  isNodeSent = false;
  /** Whether a time limit may have let something through early. */
  isOverdue = false;

  constructor(minSharedNames: number) {
    this.server = createDiscoveryServer({
      resolveView: (node) => viewOf({ ...node, namespace: `${this.view}` }, new Set()),
      compile: ({ namespace }) => this.offers[Number(namespace) as 0 | 1],
      clock: this.clock,
      limits: { maxResponseResources: 2, reconnectGraceMs: 1_000, holdLimitMs: 5_000, minSharedNames },
    });
    this.stream = this.server.openStream('model', { isLocal: true });
    this.kept = new Map(
      TYPES.map((type) => [
        type,
        {
          announced: false,
          wildcard: false,
          names: new Set<string>(),
          held: new Map(),
          good: new Map(),
          refused: new Map(),
          unanswered: [],
        },
      ]),
    );
  }

  get compiled(): CompiledView {
    return this.offers[this.view];
  }

  of(type: string): Kept {
    return this.kept.get(type) as Kept;
  }

  offered(type: string, name: string): XdsResource | undefined {
    return this.compiled.resources.get(type)?.get(name);
  }

  wants(type: string, name: string): boolean {
    const { wildcard, names } = this.of(type);
    return wildcard || names.has(name);
  }

  send(type: string, subscribe: readonly string[], unsubscribe: readonly string[], nonce = '', error?: string): void {
    const kept = this.of(type);
    const versions = kept.announced
      ? {}
      : Object.fromEntries([...kept.held].map(([name, { version }]) => [name, version]));
    kept.announced = true;
    this.stream.receive(
      create(DeltaDiscoveryRequestSchema, {
        typeUrl: type,
        ...(this.isNodeSent ? {} : { node: create(NodeSchema, { id: TEST_NODE_ID }) }),
        resourceNamesSubscribe: [...subscribe],
        resourceNamesUnsubscribe: [...unsubscribe],
        initialResourceVersions: versions,
        responseNonce: nonce,
        ...(error === undefined ? {} : { errorDetail: create(StatusSchema, { code: 3, message: error }) }),
      }),
    );
    this.isNodeSent = true;
    expect(this.stream.error).toBeUndefined();
  }

  /** Takes one response and puts it to use. */
  deliver(): boolean {
    const push = this.stream.take();
    if (push === undefined) return false;
    const kept = this.of(push.typeUrl);
    const names = [...push.resources.map(({ name }) => name), ...push.removed, ...push.absent];
    expect(new Set(names).size, 'a name twice in one response').toBe(names.length);
    expect(names.length, 'a response over the limit').toBeLessThanOrEqual(2);
    for (const resource of push.resources) {
      const offered = this.offered(push.typeUrl, resource.name);
      // Who refused what is offered may be sent the version before, when it needs an answer.
      const isLastGood =
        kept.refused.get(resource.name) === offered?.version && kept.good.get(resource.name) === resource.version;
      if (!isLastGood) expect(resource.version, 'something else than what is offered now').toBe(offered?.version);
      expect(this.wants(push.typeUrl, resource.name), 'something nobody asked for').toBe(true);
      if (push.typeUrl === RDS && !this.isOverdue) this.checkRoute(resource);
      kept.held.set(resource.name, { version: resource.version, resource });
    }
    for (const name of push.removed) {
      if (push.typeUrl === CDS && !this.isOverdue && kept.held.has(name)) this.checkRemoval(name);
      kept.held.delete(name);
    }
    kept.unanswered.push(push);
    return true;
  }

  /** Clusters precede the routes that name them. */
  checkRoute(route: XdsResource): void {
    for (const name of clustersNamedBy(route)) {
      if (!this.wants(CDS, name)) continue;
      expect(this.of(CDS).held.has(name), `route "${route.name}" names cluster "${name}", which was not sent`).toBe(
        true,
      );
    }
  }

  /** Clusters go after the routes that named them. */
  checkRemoval(name: string): void {
    for (const [route, { resource }] of this.of(RDS).held) {
      if (this.of(RDS).refused.has(route)) continue;
      expect(clustersNamedBy(resource).has(name), `cluster "${name}" goes before route "${route}"`).toBe(false);
    }
  }

  answer(type: string, refuse: boolean): void {
    const kept = this.of(type);
    const push = kept.unanswered.shift();
    if (push === undefined) return;
    const [victim] = push.resources;
    if (!refuse || victim === undefined) {
      for (const resource of push.resources) this.accept(kept, resource);
      this.send(type, [], [], push.nonce);
      return;
    }
    for (const resource of push.resources) if (resource.name !== victim.name) this.accept(kept, resource);
    kept.refused.set(victim.name, victim.version);
    this.send(type, [], [], push.nonce, `${victim.name}: no`);
  }

  accept(kept: Kept, { typeUrl, name, version }: XdsResource): void {
    kept.good.set(name, version);
    const refused = kept.refused.get(name);
    if (refused === version || refused !== this.offered(typeUrl, name)?.version) kept.refused.delete(name);
  }

  reconnect(): void {
    this.stream.end();
    this.stream = this.server.openStream('model', { isLocal: true });
    this.isNodeSent = false;
    for (const type of TYPES) {
      const kept = this.of(type);
      kept.announced = false;
      kept.unanswered = [];
      // What was refused is not in use; a real client states the version before it, ours the last it was sent or nothing.
      for (const name of kept.refused.keys()) kept.held.delete(name);
      kept.refused.clear();
      for (const [name, { version }] of kept.held) kept.good.set(name, version);
    }
    for (const type of TYPES) {
      const { wildcard, names } = this.of(type);
      if (wildcard || names.size > 0) this.send(type, [...(wildcard ? ['*'] : []), ...names], []);
    }
  }

  /** Answers everything until nothing more comes, and compares what is in use with what is offered. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet += 1) {
      for (;;) {
        while (this.deliver());
        const type = TYPES.find((candidate) => this.of(candidate).unanswered.length > 0);
        if (type === undefined) break;
        this.answer(type, false);
      }
      // What waits for a reconnected client.
      await this.clock.advance(1_000);
    }
    this.isOverdue = false;
    expect(this.stream.isSettled, 'settled when all is answered').toBe(true);
    for (const type of TYPES) {
      const { held, refused } = this.of(type);
      const offered = [...(this.compiled.resources.get(type)?.values() ?? [])].filter(({ name }) =>
        this.wants(type, name),
      );
      // What was refused stays refused, or at the version before.
      const isRefused = (name: string) => refused.get(name) === this.offered(type, name)?.version;
      const versions = (resources: Iterable<readonly [string, string]>) =>
        Object.fromEntries(
          [...resources].filter(([name, version]) => refused.get(name) !== version && !isRefused(name)),
        );
      expect(versions([...held].map(([name, { version }]) => [name, version]))).toEqual(
        versions(offered.map(({ name, version }) => [name, version])),
      );
      const stated = this.stream.subscriptions.get(type);
      expect([...(stated?.held.names() ?? [])].sort(), 'what the server believes is held').toEqual(
        offered.map(({ name }) => name).sort(),
      );
    }
  }
}

type Step = fc.AsyncCommand<Model, null>;

function step(name: string, run: (model: Model) => void | Promise<void>): Step {
  return { check: () => true, run: async (model) => run(model), toString: () => name };
}

const steps: fc.Arbitrary<Step>[] = [
  arbitrarySmallMesh.map((mesh) =>
    step(`mesh ${JSON.stringify(mesh)}`, (model) => {
      model.offers[model.view] = viewOffering(smallMeshResources(mesh));
      model.server.update();
    }),
  ),
  arbitrarySmallMesh.map((mesh) =>
    step(`other view ${JSON.stringify(mesh)}`, (model) => {
      model.view = model.view === 0 ? 1 : 0;
      model.offers[model.view] = viewOffering(smallMeshResources(mesh));
      model.server.update({ reclassify: true });
    }),
  ),
  fc.constantFrom(CDS, LDS).map((type) =>
    step(`subscribe ${type} *`, (model) => {
      model.of(type).wildcard = true;
      model.send(type, ['*'], []);
    }),
  ),
  fc.constantFrom(CDS, LDS).map((type) =>
    step(`unsubscribe ${type} *`, (model) => {
      const kept = model.of(type);
      kept.wildcard = false;
      for (const name of kept.held.keys()) if (!kept.names.has(name)) kept.held.delete(name);
      model.send(type, [], ['*']);
    }),
  ),
  fc
    .record({ type: fc.constantFrom(CDS, EDS, EDS, RDS, RDS), index: fc.integer({ min: 0, max: 2 }) })
    .map(({ type, index }) => ({ type, name: (type === RDS ? MESH_ROUTES : MESH_CLUSTERS)[index] ?? 'none' }))
    .map(({ type, name }) =>
      step(`subscribe ${type} ${name}`, (model) => {
        model.of(type).names.add(name);
        model.send(type, [name], [], 'stale');
      }),
    ),
  fc
    .record({ type: fc.constantFrom(CDS, EDS, RDS), index: fc.integer({ min: 0, max: 2 }) })
    .map(({ type, index }) => ({ type, name: (type === RDS ? MESH_ROUTES : MESH_CLUSTERS)[index] ?? 'none' }))
    .map(({ type, name }) =>
      step(`unsubscribe ${type} ${name}`, (model) => {
        const kept = model.of(type);
        kept.names.delete(name);
        if (!kept.wildcard) {
          kept.held.delete(name);
        }
        model.send(type, [], [name]);
      }),
    ),
  fc.integer({ min: 1, max: 4 }).map((count) =>
    step(`deliver ${count}`, (model) => {
      for (let index = 0; index < count && model.deliver(); index += 1);
    }),
  ),
  fc.constantFrom(...TYPES, ...TYPES).map((type) => step(`ack ${type}`, (model) => model.answer(type, false))),
  fc.constantFrom(...TYPES).map((type) => step(`nack ${type}`, (model) => model.answer(type, true))),
  fc.constant(step('reconnect', (model) => model.reconnect())),
  fc.constant(
    step('five seconds pass', async (model) => {
      model.isOverdue = true;
      await model.clock.advance(5_000);
    }),
  ),
  fc.constant(step('settle', (model) => model.settle())),
];

test.each([
  ['one by one', 100],
  ['in lists that streams share', 1],
])(
  'a client in any order of steps, names %s, is sent what is offered, in an order that breaks nothing',
  async (_how, minSharedNames) => {
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: 60, size: 'max' }), async (commands) => {
        const model = new Model(minSharedNames);
        await fc.asyncModelRun(() => ({ model, real: null }), commands);
        await model.settle();
        await model.server.close();
      }),
      { numRuns: 500 },
    );
  },
);
