import { create } from '@bufbuild/protobuf';
import { NodeSchema } from '@heddle/envoy-api/core';
import { DeltaDiscoveryRequestSchema } from '@heddle/envoy-api/discovery';
import { type CompiledView, viewOf, type XdsResource } from '@heddle/model';
import { cluster, endpoints, listener, routes, TEST_NODE_ID, TYPE_URLS, viewOffering } from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryServer } from './discovery-server.ts';
import type { DiscoveryStream } from './discovery-stream.ts';
import { DeltaFrameEncoder } from './node/raw-delta-frame.ts';
import type { DeltaPush } from './push.ts';

// What many streams cost is exact: how many responses, resources and bytes are sent, and how many of them are encoded. Times are not.

const { CDS, EDS, LDS, RDS } = TYPE_URLS;
const STREAMS = 40;
const SERVICES = 250;
/** Of a hundred names each, the limit of a response: clusters, their endpoints; a listener, its routes. */
const CHUNKS = 3 + 3 + 1 + 1;

const nameOf = (index: number) => `outbound|80||svc-${1_000 + index}`;

/** The mesh, with the port of the first endpoint of each service. */
function mesh(ports: (index: number) => number = () => 1, routed = SERVICES): XdsResource[] {
  const names = Array.from({ length: SERVICES }, (_, index) => nameOf(index));
  return [
    ...names.map((name) => cluster(name)),
    ...names.map((name, index) => endpoints(name, [ports(index), 2])),
    listener('http', 80, '80'),
    routes('80', Object.fromEntries(names.slice(0, routed).map((name, index) => [`/${index}`, name]))),
  ];
}

/** A sidecar: subscribes to what it is told of, and accepts everything. */
class Sidecar {
  readonly #stream: DiscoveryStream;
  readonly #encoder: DeltaFrameEncoder;
  readonly #known = new Set<string>();

  constructor(server: DiscoveryServer, encoder: DeltaFrameEncoder) {
    this.#stream = server.openStream('test');
    this.#encoder = encoder;
    this.#send({ typeUrl: CDS, node: create(NodeSchema, { id: TEST_NODE_ID }) });
    this.#send({ typeUrl: LDS });
  }

  get stream(): DiscoveryStream {
    return this.#stream;
  }

  /** Takes, encodes and answers what comes. */
  follow(limit = Number.POSITIVE_INFINITY): DeltaPush[] {
    const pushes: DeltaPush[] = [];
    while (pushes.length < limit) {
      const push = this.#stream.take();
      if (push === undefined) break;
      this.#encoder.encode(push, '1');
      pushes.push(push);
      this.#send({ typeUrl: push.typeUrl, responseNonce: push.nonce });
      if (push.typeUrl === CDS)
        this.#subscribe(
          EDS,
          push.resources.map(({ name }) => name),
        );
      if (push.typeUrl === LDS) this.#subscribe(RDS, ['80']);
    }
    return pushes;
  }

  #subscribe(typeUrl: string, names: readonly string[]): void {
    const unknown = names.filter((name) => !this.#known.has(`${typeUrl} ${name}`));
    for (const name of unknown) this.#known.add(`${typeUrl} ${name}`);
    if (unknown.length > 0) this.#send({ typeUrl, resourceNamesSubscribe: unknown });
  }

  #send(request: Parameters<typeof create<typeof DeltaDiscoveryRequestSchema>>[1]): void {
    this.#stream.receive(create(DeltaDiscoveryRequestSchema, request));
    expect(this.#stream.error).toBeUndefined();
  }
}

function setUp() {
  let compiled: CompiledView = viewOffering(mesh());
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => compiled,
  });
  const encoder = new DeltaFrameEncoder();
  const sidecars = Array.from({ length: STREAMS }, () => new Sidecar(server, encoder));
  const followAll = () => sidecars.flatMap((sidecar) => sidecar.follow());
  const offer = (resources: readonly XdsResource[]) => {
    compiled = withSameObjects(compiled, viewOffering(resources));
    return server.update();
  };
  return {
    server,
    sidecars,
    followAll,
    offer,
    encoder,
    connect: () => new Sidecar(server, encoder),
    /** Changes the mesh; what was sent and encoded because of that. */
    change(resources: readonly XdsResource[]) {
      const before = { encodings: encoder.encodings, ...server.counters };
      const { streams, changedResources } = offer(resources);
      const pushes = followAll();
      return {
        streams,
        changedResources,
        pushes: pushes.map(({ typeUrl, resources: sent, removed }) => [typeUrl, sent.length, removed.length]),
        bytes: server.counters.resourceBytesSent - before.resourceBytesSent,
        encodings: encoder.encodings - before.encodings,
      };
    },
  };
}

/** As a compiler with a memory does it: what did not change is the same object. */
function withSameObjects(before: CompiledView, after: CompiledView): CompiledView {
  const resources = new Map(
    [...after.resources].map(([typeUrl, byName]) => {
      const known = before.resources.get(typeUrl);
      const kept = new Map(
        [...byName].map(([name, resource]) => {
          const old = known?.get(name);
          return [name, old?.version === resource.version ? old : resource] as const;
        }),
      );
      const isSame = known?.size === kept.size && [...kept].every(([name, resource]) => known.get(name) === resource);
      return [typeUrl, isSame && known !== undefined ? known : kept] as const;
    }),
  );
  return { ...after, resources };
}

describe('many streams of one view', () => {
  test('are sent everything once, and it is encoded once for all', () => {
    const { server, encoder, followAll } = setUp();
    followAll();
    expect(server.counters.responses).toBe(CHUNKS * STREAMS);
    expect(server.counters.resourcesSent).toBe((2 * SERVICES + 2) * STREAMS);
    expect(server.counters.resourceBytesSent).toBe(mesh().reduce((sum, { bytes }) => sum + bytes.length, 0) * STREAMS);
    expect(encoder.encodings).toBe(CHUNKS);
    expect(server.streams().every(({ settled }) => settled)).toBe(true);
  });

  test('that are in step share what is remembered of them', () => {
    const { sidecars, followAll } = setUp();
    followAll();
    const lists = sidecars.map(({ stream }) => stream.subscriptions.get(EDS)?.names.lists ?? []);
    expect(lists[0]).toHaveLength(3);
    for (const other of lists) other.forEach((list, index) => expect(list).toBe(lists[0]?.[index]));
    for (const { stream } of sidecars) {
      for (const { held, names, outstanding } of stream.subscriptions.values()) {
        expect([held.differences, held.unsent.length, outstanding.size]).toEqual([0, 0, 0]);
        expect(names.single.size).toBeLessThanOrEqual(1);
      }
    }
  });

  test('one endpoint: a response with one resource for each, encoded once', () => {
    const { change, followAll } = setUp();
    followAll();
    const changed = mesh((index) => (index === 120 ? 7 : 1));
    const size = changed.find(({ typeUrl, name }) => typeUrl === EDS && name === nameOf(120))?.bytes.length ?? 0;
    expect(change(changed)).toEqual({
      streams: STREAMS,
      changedResources: 1,
      pushes: Array.from({ length: STREAMS }, () => [EDS, 1, 0]),
      bytes: size * STREAMS,
      encodings: 1,
    });
  });

  test('a change without effect: nothing', () => {
    const { change, followAll } = setUp();
    followAll();
    const nothing = { streams: 0, changedResources: 0, pushes: [], bytes: 0, encodings: 0 };
    expect(change(mesh())).toEqual(nothing);
  });

  test('a change that is undone before anybody read it: nothing', () => {
    const { offer, followAll } = setUp();
    followAll();
    expect(offer(mesh(undefined, 100)).streams).toBe(STREAMS);
    offer(mesh());
    expect(followAll()).toEqual([]);
  });

  test('one route: a response for each, and no endpoint is spoken of', () => {
    const { change, followAll } = setUp();
    followAll();
    const { pushes, encodings } = change(mesh(undefined, 100));
    expect(pushes).toEqual(Array.from({ length: STREAMS }, () => [RDS, 1, 0]));
    expect(encodings).toBe(1);
  });

  test('who comes after a change is sent what the others have; only what the change touched is encoded anew', () => {
    const { change, connect, followAll, encoder } = setUp();
    followAll();
    change(mesh((index) => (index === 120 ? 7 : 1)));
    const before = encoder.encodings;
    const late = connect();
    expect(late.follow()).toHaveLength(CHUNKS);
    expect(encoder.encodings - before).toBe(1);
    expect(connect().follow()).toHaveLength(CHUNKS);
    expect(encoder.encodings - before).toBe(1);
  });

  test('a change in the middle of the first sync reaches those who have the old version, and no other is sent it twice', () => {
    const { server, sidecars, change } = setUp();
    // Far enough to hold the old version, at which the change is one response more.
    const half = sidecars.slice(STREAMS / 2);
    for (const sidecar of half)
      expect(sidecar.follow(CHUNKS - 1).filter(({ typeUrl }) => typeUrl === EDS)).toHaveLength(3);
    for (const sidecar of sidecars) sidecar.follow(1);
    const { pushes } = change(mesh((index) => (index === 120 ? 7 : 1)));
    expect(pushes).toHaveLength((CHUNKS - 1) * (STREAMS / 2) + half.length);
    for (const { stream } of sidecars) {
      expect(stream.subscriptions.get(EDS)?.held.version(nameOf(120))).toBe(endpoints(nameOf(120), [7, 2]).version);
    }
    expect(server.streams().every(({ settled }) => settled)).toBe(true);
  });
});
