import { create } from '@bufbuild/protobuf';
import { DeltaDiscoveryRequestSchema, DiscoveryRequestSchema } from '@heddle/envoy-api/discovery';
import { StatusSchema } from '@heddle/envoy-api/status';
import { viewOf, xdsResource } from '@heddle/model';
import { manualClock, TYPE_URLS, viewOffering } from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { createDiscoveryServer } from './discovery-server.ts';

const { LDS } = TYPE_URLS;
const resource = (text: string) => xdsResource(LDS, 'l', new TextEncoder().encode(text));

// What one proxy of a view refuses, the others, which are alike, would refuse too.
function setUp() {
  const mesh = { offer: viewOffering([resource('one')]) };
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => mesh.offer,
    clock: manualClock(),
  });
  const open = (namespace = 'shop', versions: Record<string, string> = {}) => {
    const stream = server.openStream('test', { isLocal: true });
    const send = (responseNonce: string, error?: string, names: readonly string[] = []) =>
      stream.receive(
        create(DeltaDiscoveryRequestSchema, {
          typeUrl: LDS,
          node: { id: `sidecar~10.0.0.1~web.${namespace}~${namespace}.svc` },
          initialResourceVersions: versions,
          resourceNamesSubscribe: [...names],
          responseNonce,
          ...(error === undefined ? {} : { errorDetail: create(StatusSchema, { message: error }) }),
        }),
      );
    send('');
    const taken = () => {
      const push = stream.take();
      const [first] = push?.resources ?? [];
      return {
        nonce: push?.nonce ?? '',
        text: first === undefined ? undefined : new TextDecoder().decode(first.bytes),
      };
    };
    return {
      stream,
      send,
      taken,
      ack: () => {
        const { nonce, text } = taken();
        send(nonce);
        return text;
      },
      nack: () => {
        const { nonce, text } = taken();
        send(nonce, 'l: no');
        return text;
      },
    };
  };
  const change = (text: string) => {
    mesh.offer = viewOffering([resource(text)]);
    server.update();
  };
  return { server, open, change };
}

describe('a refused version', () => {
  test('is not sent to proxies of the same view: they get the last good one, until it changes', () => {
    const { open, change } = setUp();
    const first = open();
    expect(first.ack()).toBe('one');
    change('two');
    expect(first.nack()).toBe('two');
    expect(first.taken().text).toBeUndefined();
    const second = open();
    expect(second.ack()).toBe('one');
    expect(second.taken().text).toBeUndefined();
    change('three');
    expect([first.ack(), second.ack()]).toEqual(['three', 'three']);
    expect(open().ack()).toBe('three');
  });

  test('may be followed by another that is refused', () => {
    const { open, change } = setUp();
    const first = open();
    first.ack();
    change('two');
    first.nack();
    change('three');
    expect(first.nack()).toBe('three');
    expect(open().ack()).toBe('one');
    change('two');
    expect(open().ack()).toBe('two');
  });

  test('is sent to proxies of another view', () => {
    const { open, change } = setUp();
    const first = open();
    first.ack();
    change('two');
    first.nack();
    expect(open('bank').ack()).toBe('two');
  });

  test('is not sent again to the proxy that comes back with the version before', () => {
    const { open, change } = setUp();
    const stays = open();
    stays.ack();
    const first = open();
    first.ack();
    change('two');
    first.nack();
    first.stream.end();
    const again = open('shop', { l: resource('one').version });
    // A first wildcard is answered, with nothing.
    expect(again.ack()).toBeUndefined();
    expect(again.taken().nonce).toBe('');
  });

  test('is given to all once another proxy of the view accepts it', () => {
    const { open, change } = setUp();
    const [first, second] = [open(), open()];
    first.ack();
    second.ack();
    change('two');
    const sent = second.taken();
    expect(first.nack()).toBe('two');
    const third = open();
    expect(third.ack()).toBe('one');
    second.send(sent.nonce);
    expect(third.ack()).toBe('two');
  });

  test('is not withheld if others have accepted it before', () => {
    const { open, change } = setUp();
    const [first, second] = [open(), open()];
    first.ack();
    second.ack();
    change('two');
    expect(second.ack()).toBe('two');
    expect(first.nack()).toBe('two');
    expect(open().ack()).toBe('two');
  });

  test('is sent all the same to who has nothing better', () => {
    const { open } = setUp();
    expect(open().nack()).toBe('one');
    expect(open().ack()).toBe('one');
  });

  test('XP-15 asked for by name by who refused it, is answered with the last good one', () => {
    const { open, change } = setUp();
    const first = open();
    first.ack();
    change('two');
    first.nack();
    first.send('', undefined, ['l']);
    expect(first.ack()).toBe('one');
    expect(first.taken().text).toBeUndefined();
    change('three');
    expect(first.ack()).toBe('three');
  });

  test('is left out of state-of-the-world sets too', () => {
    const { server, open, change } = setUp();
    const first = open();
    first.ack();
    change('two');
    first.nack();
    const stream = server.openStream('test', { isLocal: true, variant: 'state-of-the-world' });
    stream.receiveState(
      create(DiscoveryRequestSchema, { typeUrl: LDS, node: { id: 'sidecar~10.0.0.1~web.shop~shop.svc' } }),
    );
    expect(stream.take()?.state?.resources.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(['one']);
  });
});
