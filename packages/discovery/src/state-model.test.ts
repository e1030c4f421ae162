import { create } from '@bufbuild/protobuf';
import { NodeSchema } from '@heddle/envoy-api/core';
import { DiscoveryRequestSchema } from '@heddle/envoy-api/discovery';
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

// As protocol-model.test.ts, for state of the world: a client that lists what it wants in every request, whose requests may cross with
// responses on the wire (their nonces are stale then), that refuses, reconnects and changes its mind, beside a mesh that changes.

const { CDS, EDS, LDS, RDS } = TYPE_URLS;
const TYPES = [CDS, EDS, LDS, RDS];
const FULL_SET_TYPES = [CDS, LDS];

/** What a client keeps of one type. */
interface Kept {
  /** Names it lists; `*` among them. */
  listed: Set<string>;
  /** Whether it has sent a request on this stream. */
  announced: boolean;
  /** Whether it ever listed something on this stream: until then an empty list means all, where a type has a wildcard. */
  named: boolean;
  /** What the server must take it to want: what it listed in the last request that was not stale. */
  known: { wildcard: boolean; names: ReadonlySet<string> };
  /** In use. */
  readonly held: Map<string, XdsResource>;
  /** Accepted last, by name. */
  readonly good: Map<string, string>;
  /** Refused last, by name. The view remembers it for as long as the stream lives, whatever the client lists meanwhile. */
  readonly refused: Map<string, string>;
  /** Names that came on this stream: of the rest the server cannot know. */
  readonly came: Set<string>;
  /** On the wire, oldest first. */
  crossing: DeltaPush[];
  /** The response it has read and not answered. */
  unanswered: DeltaPush | undefined;
  /** Of the last response read; '' before the first. */
  nonce: string;
  /** `version_info` of the last response accepted as a whole, over all streams. */
  version: string;
}

class Model {
  readonly clock: ManualClock = manualClock();
  readonly server: DiscoveryServer;
  /** What each of two views offers; the client belongs to one at a time. */
  readonly offers: [CompiledView, CompiledView] = [viewOffering([]), viewOffering([])];
  view: 0 | 1 = 0;
  stream: DiscoveryStream;
  isNodeSent = false;
  /** Whether a time limit may have let something through early. */
  isOverdue = false;
  readonly kept: ReadonlyMap<string, Kept>;

  constructor() {
    this.server = createDiscoveryServer({
      resolveView: (node) => viewOf({ ...node, namespace: `${this.view}` }, new Set()),
      compile: ({ namespace }) => this.offers[Number(namespace) as 0 | 1],
      clock: this.clock,
      limits: { maxResponseResources: 2, reconnectGraceMs: 1_000, holdLimitMs: 5_000 },
    });
    this.stream = this.open();
    this.kept = new Map(
      TYPES.map((type) => [
        type,
        {
          listed: new Set<string>(),
          announced: false,
          named: false,
          known: { wildcard: false, names: new Set<string>() },
          held: new Map(),
          good: new Map(),
          refused: new Map(),
          came: new Set(),
          crossing: [],
          unanswered: undefined,
          nonce: '',
          version: '',
        },
      ]),
    );
  }

  open(): DiscoveryStream {
    return this.server.openStream('model', { isLocal: true, variant: 'state-of-the-world' });
  }

  of(type: string): Kept {
    return this.kept.get(type) as Kept;
  }

  offered(type: string, name: string): XdsResource | undefined {
    return this.offers[this.view].resources.get(type)?.get(name);
  }

  isKnownToWant(type: string, name: string): boolean {
    const { wildcard, names } = this.of(type).known;
    return wildcard || names.has(name);
  }

  /** Sends what is listed now, with the last nonce read or another. */
  send(type: string, error?: string, nonce = this.of(type).nonce): void {
    const kept = this.of(type);
    const last = this.lastNonce(type);
    const isStale = kept.announced && nonce !== '' && nonce !== last;
    // Whatever else a request says, the nonce of a response without an error accepts that response.
    const isAnswer = !isStale && nonce !== '' && kept.unanswered?.nonce === nonce;
    if (isAnswer && error === undefined) this.acceptUnanswered(kept);
    kept.announced = true;
    if (!isStale) {
      const names = new Set(kept.listed);
      const asksForAll = names.delete('*');
      if (kept.listed.size > 0) kept.named = true;
      kept.known = { wildcard: asksForAll || (FULL_SET_TYPES.includes(type) && !kept.named), names };
    }
    this.stream.receiveState(
      create(DiscoveryRequestSchema, {
        typeUrl: type,
        ...(this.isNodeSent ? {} : { node: create(NodeSchema, { id: TEST_NODE_ID }) }),
        resourceNames: [...kept.listed],
        responseNonce: nonce,
        versionInfo: kept.version,
        ...(error === undefined ? {} : { errorDetail: create(StatusSchema, { code: 3, message: error }) }),
      }),
    );
    this.isNodeSent = true;
    expect(this.stream.error).toBeUndefined();
  }

  /** The nonce of the last response that the server sent. */
  lastNonce(type: string): string {
    const { crossing, nonce } = this.of(type);
    return crossing.at(-1)?.nonce ?? nonce;
  }

  list(type: string, change: (listed: Set<string>) => void): void {
    const kept = this.of(type);
    // A list without a nonce counts although a response is on its way: who unlists and lists a name meanwhile would take that response
    // for an answer. Clients wait.
    if (kept.nonce === '' && kept.crossing.length > 0) return;
    change(kept.listed);
    this.send(type);
    // The server may not know yet (it ignores a list that crosses with a response), so what it would send again is kept till it does.
    if (kept.crossing.length > 0) return;
    this.forgetUnwanted(type);
  }

  forgetUnwanted(type: string): void {
    const { held } = this.of(type);
    for (const name of [...held.keys()]) if (!this.isKnownToWant(type, name)) held.delete(name);
  }

  /** The server puts one response on the wire. */
  emit(): boolean {
    const push = this.stream.take();
    if (push === undefined) return false;
    const { typeUrl, state } = push;
    const kept = this.of(typeUrl);
    const carried = state?.resources ?? [];
    const names = carried.map(({ name }) => name);
    expect(state?.version, 'a response without a version').toMatch(/./);
    expect(new Set(names).size, 'a name twice in one response').toBe(names.length);
    if (!FULL_SET_TYPES.includes(typeUrl)) {
      expect(names.length, 'a response over the limit').toBeLessThanOrEqual(2);
      expect(names.length, 'an empty response that says nothing').toBeGreaterThan(0);
    }
    for (const resource of carried) {
      const { name, version } = resource;
      const isWhatItHas = this.latest(typeUrl, name)?.version === version || kept.good.get(name) === version;
      if (!isWhatItHas) expect(resource, 'something else than what is offered now').toBe(this.offered(typeUrl, name));
      expect(this.isKnownToWant(typeUrl, name), 'something nobody asked for').toBe(true);
      if (typeUrl === RDS && !this.isOverdue && !isWhatItHas) this.checkRoute(resource);
    }
    if (typeUrl === CDS && !this.isOverdue) {
      for (const name of kept.held.keys()) {
        if (!names.includes(name) && this.isKnownToWant(CDS, name)) this.checkRemoval(name);
      }
    }
    for (const name of names) kept.came.add(name);
    kept.crossing.push(push);
    return true;
  }

  /** What the client has or will have of a resource, once it has read what is on the wire. */
  latest(type: string, name: string): XdsResource | undefined {
    const { crossing, held } = this.of(type);
    for (const push of [...crossing].reverse()) {
      const found = push.state?.resources.find((resource) => resource.name === name);
      if (found !== undefined || FULL_SET_TYPES.includes(type)) return found;
    }
    return held.get(name);
  }

  /** Clusters precede the routes that name them. */
  checkRoute(route: XdsResource): void {
    for (const name of clustersNamedBy(route)) {
      // For a cluster that was refused it would wait in vain.
      if (!this.isKnownToWant(CDS, name) || this.of(CDS).refused.has(name)) continue;
      const isThere = this.latest(CDS, name) !== undefined;
      expect(isThere, `route "${route.name}" names cluster "${name}", which was not sent`).toBe(true);
    }
  }

  /** Clusters go after the routes that named them. */
  checkRemoval(name: string): void {
    for (const [route, resource] of this.of(RDS).held) {
      if (this.of(RDS).refused.has(route) || !this.isKnownToWant(RDS, route)) continue;
      // Of a route that is gone nothing is ever said: it goes with its listener.
      if (this.offered(RDS, route) === undefined || !this.of(RDS).came.has(route)) continue;
      expect(clustersNamedBy(resource).has(name), `cluster "${name}" goes before route "${route}"`).toBe(false);
    }
  }

  /** The client reads one response and puts it to use. */
  read(type: string): void {
    const kept = this.of(type);
    const push = kept.crossing.shift();
    if (push === undefined) return;
    const carried = push.state?.resources ?? [];
    if (FULL_SET_TYPES.includes(type)) kept.held.clear();
    for (const resource of carried) kept.held.set(resource.name, resource);
    kept.nonce = push.nonce;
    kept.unanswered = push;
  }

  /** The client answers what it read last; `refuse` blames one resource, the others stay in use as Envoy does it. */
  answer(type: string, refuse: boolean): void {
    const kept = this.of(type);
    const push = kept.unanswered;
    if (push === undefined) return;
    const carried = push.state?.resources ?? [];
    // What it has accepted before it does not refuse.
    const victim = refuse ? carried.find(({ name, version }) => kept.good.get(name) !== version) : undefined;
    if (victim === undefined) {
      this.acceptUnanswered(kept);
      this.send(type);
    } else {
      kept.unanswered = undefined;
      for (const resource of carried) if (resource !== victim) this.accept(kept, resource);
      kept.refused.set(victim.name, victim.version);
      this.send(type, `${victim.name}: no`);
    }
    if (kept.crossing.length === 0) this.forgetUnwanted(type);
  }

  acceptUnanswered(kept: Kept): void {
    const { state } = kept.unanswered ?? {};
    kept.unanswered = undefined;
    kept.version = state?.version ?? '';
    for (const resource of state?.resources ?? []) this.accept(kept, resource);
  }

  accept(kept: Kept, { typeUrl, name, version }: XdsResource): void {
    kept.good.set(name, version);
    const refused = kept.refused.get(name);
    if (refused === version || refused !== this.offered(typeUrl, name)?.version) kept.refused.delete(name);
  }

  reconnect(): void {
    this.stream.end();
    this.stream = this.open();
    this.isNodeSent = false;
    for (const type of TYPES) {
      const kept = this.of(type);
      if (kept.unanswered !== undefined) kept.version = kept.unanswered.state?.version ?? '';
      const hadAll = kept.known.wildcard && kept.listed.size === 0;
      for (const [name, version] of kept.refused) {
        // What was refused is not in use; what was before it is.
        if (kept.held.get(name)?.version === version) kept.held.delete(name);
      }
      Object.assign(kept, { announced: false, named: false, crossing: [], unanswered: undefined, nonce: '' });
      kept.known = { wildcard: false, names: new Set() };
      // Who never accepted a whole set has no version to state: the server takes it for new.
      if (kept.version === '') kept.held.clear();
      kept.refused.clear();
      kept.came.clear();
      for (const [name, { version }] of kept.held) kept.good.set(name, version);
      // On a new stream an empty list would mean all again: who wants nothing says nothing.
      if (hadAll || kept.listed.size > 0) this.send(type);
      this.forgetUnwanted(type);
    }
  }

  /** Reads and answers everything until nothing more comes, and compares what is in use with what is offered. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet += 1) {
      for (let isActive = true; isActive; ) {
        isActive = false;
        while (this.emit()) isActive = true;
        for (const type of TYPES) {
          const kept = this.of(type);
          if (kept.crossing.length > 0 || kept.unanswered !== undefined) isActive = true;
          while (kept.crossing.length > 0) this.read(type);
          this.answer(type, false);
        }
      }
      // What waits for a reconnected client.
      await this.clock.advance(1_000);
    }
    this.isOverdue = false;
    expect(this.stream.isSettled, 'settled when all is answered').toBe(true);
    for (const type of TYPES) {
      const { held, refused, listed, known } = this.of(type);
      const names = new Set(listed);
      names.delete('*');
      expect([...known.names].sort(), 'the last list counts').toEqual([...names].sort());
      const inUse = (resources: Iterable<XdsResource>) =>
        Object.fromEntries(
          [...resources]
            .filter(
              ({ name }) => refused.get(name) === undefined || refused.get(name) !== this.offered(type, name)?.version,
            )
            // Of these types nothing says what is gone.
            .filter(({ name }) => FULL_SET_TYPES.includes(type) || this.offered(type, name) !== undefined)
            .filter(({ name }) => this.isKnownToWant(type, name))
            .map(({ name, version }) => [name, version]),
        );
      expect(inUse(held.values())).toEqual(inUse(this.offers[this.view].resources.get(type)?.values() ?? []));
    }
  }
}

type Step = fc.AsyncCommand<Model, null>;

function step(name: string, run: (model: Model) => void | Promise<void>): Step {
  return { check: () => true, run: async (model) => run(model), toString: () => name };
}

const anyName = fc
  .record({ type: fc.constantFrom(CDS, EDS, EDS, RDS, RDS), index: fc.integer({ min: 0, max: 2 }) })
  .map(({ type, index }) => ({ type, name: (type === RDS ? MESH_ROUTES : MESH_CLUSTERS)[index] ?? 'none' }));

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
  fc
    .constantFrom(CDS, LDS)
    .map((type) => step(`list nothing of ${type}`, (model) => model.list(type, (l) => l.clear()))),
  fc.constantFrom(CDS, LDS).map((type) => step(`list ${type} *`, (model) => model.list(type, (l) => l.add('*')))),
  fc.constantFrom(CDS, LDS).map((type) => step(`unlist ${type} *`, (model) => model.list(type, (l) => l.delete('*')))),
  anyName.map(({ type, name }) => step(`list ${type} ${name}`, (model) => model.list(type, (l) => l.add(name)))),
  anyName.map(({ type, name }) => step(`unlist ${type} ${name}`, (model) => model.list(type, (l) => l.delete(name)))),
  anyName.map(({ type }) =>
    step(`repeat ${type} with a nonce that never was`, (model) => {
      if (model.of(type).announced) model.send(type, undefined, 'never');
    }),
  ),
  fc.integer({ min: 1, max: 4 }).map((count) =>
    step(`emit ${count}`, (model) => {
      for (let index = 0; index < count && model.emit(); index += 1);
    }),
  ),
  fc.constantFrom(...TYPES, ...TYPES).map((type) => step(`read ${type}`, (model) => model.read(type))),
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

test('a client in any order of steps is sent what is offered, in an order that breaks nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 60, size: 'max' }), async (commands) => {
      const model = new Model();
      await fc.asyncModelRun(() => ({ model, real: null }), commands);
      await model.settle();
      await model.server.close();
    }),
    { numRuns: 500 },
  );
});
