import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { DeltaDiscoveryRequestSchema } from '@heddle/envoy-api/discovery';
import { type XdsResource, xdsResource } from '@heddle/model';
import { manualClock, TYPE_URLS, viewOffering } from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryEvent } from './discovery-server.ts';
import type { PushObservation, RejectionObservation } from './observer.ts';

const { CDS, EDS } = TYPE_URLS;
const NODE = { id: 'sidecar~10.0.0.1~web.shop~shop.svc' };

const cluster = (name: string, text: string): XdsResource => xdsResource(CDS, name, new TextEncoder().encode(text));

function setUp() {
  const clock = manualClock(1_000);
  const events: DiscoveryEvent[] = [];
  const pushed: PushObservation[] = [];
  const rejected: RejectionObservation[] = [];
  const converged: number[] = [];
  const mesh = { offer: viewOffering([cluster('a', 'one'), cluster('b', 'one')]) };
  const server = createDiscoveryServer({
    resolveView: (node) => ({ ...node, key: 'all' }),
    compile: () => mesh.offer,
    clock,
    log: (event) => events.push(event),
    observer: {
      pushed: (push) => pushed.push(push),
      rejected: (rejection) => rejected.push(rejection),
      converged: (elapsedMs) => converged.push(elapsedMs),
    },
  });
  const stream = server.openStream('test');
  const send = (init: MessageInitShape<typeof DeltaDiscoveryRequestSchema>) =>
    stream.receive(create(DeltaDiscoveryRequestSchema, { typeUrl: CDS, ...init }));
  send({ node: NODE });
  return { server, stream, clock, mesh, send, pushed, rejected, converged, events };
}

describe('DiscoveryObserver', () => {
  test('pushed: is told what each response carries', () => {
    const { stream, pushed } = setUp();
    stream.take();
    expect(pushed).toEqual([{ typeUrl: CDS, resources: 2, removals: 0, bytes: 6, elapsedMs: expect.any(Number) }]);
    stream.take();
    expect(pushed).toHaveLength(1);
  });

  test('converged: from the change to its acknowledgement, once', () => {
    const { server, stream, clock, mesh, send, converged } = setUp();
    send({ responseNonce: stream.take()?.nonce ?? '' });
    expect(converged, 'a first sync is no change').toEqual([]);
    mesh.offer = viewOffering([cluster('a', 'two'), cluster('b', 'one')]);
    server.update();
    void clock.advance(30);
    const nonce = stream.take()?.nonce;
    expect(converged).toEqual([]);
    void clock.advance(12);
    send({ responseNonce: nonce ?? '' });
    expect(converged).toEqual([42]);
    stream.take();
    send({ typeUrl: EDS, resourceNamesSubscribe: ['x'] });
    send({ typeUrl: EDS, responseNonce: stream.take()?.nonce ?? '' });
    expect(converged).toEqual([42]);
  });

  test('converged: counts from the oldest of the changes that went together', () => {
    const { server, stream, clock, mesh, send, converged } = setUp();
    send({ responseNonce: stream.take()?.nonce ?? '' });
    mesh.offer = viewOffering([cluster('a', 'two')]);
    server.update();
    void clock.advance(100);
    mesh.offer = viewOffering([cluster('a', 'three')]);
    server.update();
    void clock.advance(10);
    // The removal of b waits for its acknowledgement as well.
    for (let push = stream.take(); push !== undefined; push = stream.take()) send({ responseNonce: push.nonce });
    expect(converged).toEqual([110]);
  });

  test('converged: not for what the client refused, nor for a change that was undone before it was sent', () => {
    const { server, stream, mesh, send, converged } = setUp();
    send({ responseNonce: stream.take()?.nonce ?? '' });
    const before = mesh.offer;
    mesh.offer = viewOffering([cluster('a', 'two'), cluster('b', 'one')]);
    server.update();
    mesh.offer = before;
    server.update();
    expect(stream.take()).toBeUndefined();
    mesh.offer = viewOffering([cluster('a', 'bad'), cluster('b', 'one')]);
    server.update();
    send({ responseNonce: stream.take()?.nonce ?? '', errorDetail: { code: 13, message: 'a: no' } });
    expect(stream.isSettled).toBe(true);
    expect(converged).toEqual([]);
    mesh.offer = viewOffering([cluster('a', 'good'), cluster('b', 'one')]);
    server.update();
    send({ responseNonce: stream.take()?.nonce ?? '' });
    expect(converged).toEqual([0]);
  });

  test('rejected: and the log event name the resources refused', () => {
    const { stream, send, rejected, events } = setUp();
    send({ responseNonce: stream.take()?.nonce ?? '', errorDetail: { code: 13, message: 'cluster b: no such thing' } });
    expect(rejected).toEqual([{ typeUrl: CDS, names: ['b'] }]);
    expect(events.at(-1)).toMatchObject({
      level: 'warn',
      nodeId: NODE.id,
      typeUrl: CDS,
      viewKey: 'all',
      rejected: { names: ['b'], reason: 'cluster b: no such thing' },
    });
  });
});

describe('streams', () => {
  test('show what a client says about itself, cut short', () => {
    const { server } = setUp();
    server.openStream('other').receive(
      create(DeltaDiscoveryRequestSchema, {
        typeUrl: CDS,
        node: {
          ...NODE,
          metadata: { ISTIO_VERSION: '1.30.1', CLUSTER_ID: 'k'.repeat(1_000), LABELS: { app: 'web' } },
          userAgentName: 'envoy',
          userAgentVersionType: {
            case: 'userAgentBuildVersion',
            value: { version: { majorNumber: 1, minorNumber: 40, patch: 2 } },
          },
        },
      }),
    );
    expect(server.streams()[1]).toMatchObject({
      proxy: { name: 'web', labels: { app: 'web' } },
      client: { istioVersion: '1.30.1', clusterId: 'k'.repeat(128), userAgent: 'envoy/1.40.2' },
    });
  });
});
