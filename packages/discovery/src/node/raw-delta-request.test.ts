import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { NodeSchema } from '@heddle/envoy-api/core';
import { DeltaDiscoveryRequestSchema } from '@heddle/envoy-api/discovery';
import { StatusSchema } from '@heddle/envoy-api/status';
import { TYPE_URLS } from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import type { DeltaRequest } from '../receive.ts';
import { DeltaRequestReader } from './raw-delta-request.ts';

const { CDS, EDS } = TYPE_URLS;
const MANY = Array.from({ length: 100 }, (_, index) => `outbound|80||svc-${1_000 + index}.shop.svc.cluster.local`);

function encoded(init: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): Uint8Array {
  return toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, init));
}

/** What the streams read of a request, with nothing left out. */
function meaning(request: DeltaRequest) {
  return {
    node: request.node?.id,
    typeUrl: request.typeUrl,
    responseNonce: request.responseNonce,
    error: request.errorDetail?.message,
    subscribe: request.resourceNamesSubscribe,
    unsubscribe: request.resourceNamesUnsubscribe,
    versions: request.initialResourceVersions,
    locators: request.resourceLocatorsSubscribe.length + request.resourceLocatorsUnsubscribe.length,
  };
}

describe('DeltaRequestReader', () => {
  test.each<[string, MessageInitShape<typeof DeltaDiscoveryRequestSchema>]>([
    ['nothing', {}],
    ['a type', { typeUrl: CDS }],
    ['a type that nobody knows', { typeUrl: 'type.googleapis.com/x.Y' }],
    ['an answer', { typeUrl: CDS, responseNonce: '17' }],
    ['a refusal', { typeUrl: CDS, responseNonce: '17', errorDetail: create(StatusSchema, { code: 3, message: 'no' }) }],
    ['a few names', { typeUrl: EDS, resourceNamesSubscribe: ['a', '', 'c'] }],
    ['many names and an answer', { typeUrl: EDS, responseNonce: '2', resourceNamesSubscribe: MANY }],
    ['names that are not ASCII', { typeUrl: EDS, resourceNamesSubscribe: ['ä', '…', ...MANY] }],
    ['long names', { typeUrl: EDS, resourceNamesSubscribe: ['a'.repeat(127), 'b'.repeat(128), 'c'.repeat(70_000)] }],
    ['a nonce that is not ASCII', { typeUrl: EDS, responseNonce: 'ö' }],
    ['names to leave', { typeUrl: EDS, resourceNamesUnsubscribe: ['a'], resourceNamesSubscribe: ['b'] }],
    ['versions', { typeUrl: EDS, resourceNamesSubscribe: ['a'], initialResourceVersions: { a: '1' } }],
    ['a node', { typeUrl: CDS, node: create(NodeSchema, { id: 'me' }) }],
    ['a locator', { typeUrl: CDS, resourceLocatorsSubscribe: [{ name: 'xdstp://a/b/c' }] }],
  ])('reads %s as the protobuf library does', (_what, init) => {
    const reader = new DeltaRequestReader();
    const bytes = encoded(init);
    const expected = meaning(fromBinary(DeltaDiscoveryRequestSchema, bytes));
    expect(meaning(reader.read(bytes))).toEqual(expected);
    expect(meaning(reader.read(bytes)), 'the second time').toEqual(expected);
  });

  test('the last of two types and nonces counts, and names may stand apart', () => {
    const parts = [
      { typeUrl: CDS, responseNonce: '1', resourceNamesSubscribe: ['a'] },
      { typeUrl: EDS, responseNonce: '2', resourceNamesSubscribe: ['b', 'c'] },
    ].map(encoded);
    const bytes = Buffer.concat(parts);
    expect(meaning(new DeltaRequestReader().read(bytes))).toEqual(
      meaning(fromBinary(DeltaDiscoveryRequestSchema, bytes)),
    );
  });

  test.each([
    ['cut off', encoded({ typeUrl: CDS, responseNonce: '17' }).subarray(0, -1)],
    ['of another wire type', Uint8Array.of(0x10, 0x01)],
    ['not UTF-8', Uint8Array.of(0x1a, 0x01, 0xff)],
    ['nothing of the kind', Uint8Array.of(0xff, 0xff)],
  ])('what is %s is refused or read as the protobuf library does', (_what, bytes) => {
    const outcome = (read: () => DeltaRequest) => {
      try {
        return meaning(read());
      } catch {
        return 'refused';
      }
    };
    expect(outcome(() => new DeltaRequestReader().read(bytes))).toEqual(
      outcome(() => fromBinary(DeltaDiscoveryRequestSchema, bytes)),
    );
  });

  test('gives the same array for the same names, and another for others that look alike', () => {
    const reader = new DeltaRequestReader();
    const names = (changed: number) =>
      MANY.map((name, index) => (index === changed ? name.replace('svc-', 'svx-') : name));
    const lists = [-1, 13, 29, 47, 53, 71].map(names);
    const read = (list: string[]) =>
      reader.read(encoded({ typeUrl: EDS, resourceNamesSubscribe: list })).resourceNamesSubscribe;
    expect(lists.map(read)).toEqual(lists);
    const last = lists.at(-1) as string[];
    expect(read(last)).toBe(read(last));
    expect(lists.map(read), 'again').toEqual(lists);
  });

  test('keeps no more than its bound', () => {
    const reader = new DeltaRequestReader({ maxKeptBytes: 6_000 });
    const read = (prefix: string) =>
      reader.read(encoded({ typeUrl: EDS, resourceNamesSubscribe: MANY.map((name) => prefix + name) }))
        .resourceNamesSubscribe;
    const first = read('a');
    expect(read('a')).toBe(first);
    read('b');
    expect(read('a')).not.toBe(first);
    expect(read('a')).toEqual(first);
  });
});
