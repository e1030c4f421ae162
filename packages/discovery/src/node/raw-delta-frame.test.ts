import { fromBinary } from '@bufbuild/protobuf';
import { type DeltaDiscoveryResponse, DeltaDiscoveryResponseSchema } from '@heddle/envoy-api/discovery';
import { type XdsResource, xdsResource } from '@heddle/model';
import { describe, expect, test } from 'vitest';
import { Chunk } from '../chunk.ts';
import { deltaResponse } from '../delta-response.ts';
import type { DeltaPush } from '../push.ts';
import { DeltaFrameEncoder } from './raw-delta-frame.ts';

const TYPE = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';

function resource(name: string, size = 10, typeUrl = TYPE): XdsResource {
  return xdsResource(typeUrl, name, new Uint8Array(size).fill(name.length));
}

function mortal(name: string, ttlMs: number): XdsResource {
  return xdsResource(TYPE, name, new Uint8Array(3), ttlMs);
}

function push(fields: Partial<DeltaPush>): DeltaPush {
  return { typeUrl: TYPE, nonce: '7', resources: [], absent: [], removed: [], ...fields };
}

/** The message in a frame, after a look at the frame's own head. */
function decode(parts: readonly Uint8Array[]): DeltaDiscoveryResponse {
  const frame = Buffer.concat(parts);
  expect(frame[0], 'compression flag').toBe(0);
  expect(frame.readUInt32BE(1), 'length').toBe(frame.length - 5);
  // Not a Buffer: its fields would be Buffers too, and compare as different.
  return fromBinary(DeltaDiscoveryResponseSchema, Uint8Array.from(frame.subarray(5)));
}

describe('DeltaFrameEncoder encodes what deltaResponse says', () => {
  const cases: Readonly<Record<string, DeltaPush>> = {
    'an empty answer': push({}),
    'one resource': push({ resources: [resource('a')] }),
    'many resources, beyond what is copied': push({
      resources: Array.from({ length: 100 }, (_, i) => resource(`r${i}`, 300)),
    }),
    'a resource whose length takes three bytes': push({ resources: [resource('large', 70_000)] }),
    'a resource without bytes': push({ resources: [resource('empty', 0)] }),
    'names outside ASCII': push({ resources: [resource('größe/λ')], removed: ['日本'], absent: ['ü/ö'] }),
    'removals only': push({ removed: ['a', 'b'] }),
    'absent names only': push({ absent: ['routes/a', 'routes/b'] }),
    'empty names': push({ resources: [resource('')], absent: [''], removed: [''] }),
    'times to live': push({ resources: [mortal('a', 1_500), resource('b')], expires: true }),
    'a time to live for a client that knows none': push({ resources: [mortal('a', 1_500)] }),
    heartbeats: push({ heartbeats: [mortal('a', 1_500), mortal('b', 30_000)], expires: true }),
    'all at once': push({ resources: [resource('a'), resource('b')], absent: ['c'], removed: ['d'], nonce: '123456' }),
  };
  test.each(Object.entries(cases))('%s', (_, one) => {
    expect(decode(new DeltaFrameEncoder().encode(one, '42'))).toEqual(deltaResponse(one, '42'));
  });
});

describe('DeltaFrameEncoder shares bodies', () => {
  const large = Array.from({ length: 50 }, (_, index) => resource(`r${index}`, 1_000));

  test('between streams that are sent the same', () => {
    const encoder = new DeltaFrameEncoder();
    const [, first] = encoder.encode(push({ resources: large, nonce: '1' }), '1');
    const [, second] = encoder.encode(push({ resources: [...large], nonce: '2' }), '5');
    expect(first).toBeDefined();
    expect(second).toBe(first);
  });

  test('and not between pushes that only begin and end alike', () => {
    const encoder = new DeltaFrameEncoder();
    const others = large.with(25, resource('other', 1_000));
    encoder.encode(push({ resources: large }), '1');
    for (const one of [
      push({ resources: others }),
      push({ resources: large, removed: ['x'] }),
      push({ resources: large, absent: ['y'] }),
    ]) {
      expect(decode(encoder.encode(one, '1'))).toEqual(deltaResponse(one, '1'));
    }
  });

  test('and not between heartbeats of different resources', () => {
    const encoder = new DeltaFrameEncoder();
    for (const names of [['a'], ['b'], ['b', 'c'], ['b', 'd']]) {
      const one = push({ heartbeats: names.map((name) => mortal(name, 1_500)), expires: true });
      expect(decode(encoder.encode(one, '1'))).toEqual(deltaResponse(one, '1'));
    }
  });

  test('of a shared chunk without a look at what is in it', () => {
    const encoder = new DeltaFrameEncoder();
    const chunk = new Chunk(large, ['gone'], true);
    const one = push({ resources: chunk.resources, removed: chunk.missing, chunk });
    expect(decode(encoder.encode(one, '1'))).toEqual(deltaResponse(one, '1'));
    const [, first] = encoder.encode(one, '1');
    expect(encoder.encode({ ...one, nonce: '8' }, '2')[1]).toBe(first);
    expect(encoder.encodings).toBe(1);
  });

  test('of two types that have the same bytes under the same name', () => {
    const encoder = new DeltaFrameEncoder();
    const typeUrl = 'type.googleapis.com/envoy.config.listener.v3.Listener';
    encoder.encode(push({ resources: [resource('a')] }), '1');
    const listener = push({ typeUrl, resources: [resource('a', 10, typeUrl)] });
    expect(decode(encoder.encode(listener, '1'))).toEqual(deltaResponse(listener, '1'));
  });

  test('up to a bound, the least recently used going first', () => {
    const encoder = new DeltaFrameEncoder({ maxKeptBytes: 120_000 });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => push({ resources: [resource(name, 50_000)] })) as [
      DeltaPush,
      DeltaPush,
      DeltaPush,
    ];
    const body = (one: DeltaPush) => encoder.encode(one, '1')[1];
    const [ofA, ofB] = [body(a), body(b)];
    expect(body(a)).toBe(ofA);
    body(c);
    expect(body(a)).toBe(ofA);
    expect(body(b)).not.toBe(ofB);
  });
});
