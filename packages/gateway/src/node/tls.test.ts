import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { DownstreamTlsContextSchema, type Secret, SecretSchema } from '@heddle/envoy-api/tls';
import { type TestCertificate, testAuthority } from '@heddle/testing/certificates';
import { afterEach, describe, expect, test } from 'vitest';
import { listenerOf, resourcesOf } from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';

const authority = testAuthority('gateway tests');
const first = authority.issue({ commonName: 'web.test', names: ['DNS:web.test'] });
const second = authority.issue({ commonName: 'web.test', names: ['DNS:web.test'] });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Context = MessageInitShape<typeof DownstreamTlsContextSchema>;

/** A listener that ends TLS and answers by itself. */
function secureListener(context: Context) {
  const listener = listenerOf({
    routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'served' } } }],
  });
  const [chain] = listener.filterChains;
  if (chain === undefined) throw new Error('the fixture has a filter chain');
  chain.transportSocket = {
    $typeName: 'envoy.config.core.v3.TransportSocket',
    name: 'envoy.transport_sockets.tls',
    configType: {
      case: 'typedConfig',
      value: anyPack(DownstreamTlsContextSchema, create(DownstreamTlsContextSchema, context)),
    },
  };
  return listener;
}

const bySecret: Context = {
  commonTlsContext: { tlsCertificateSdsSecretConfigs: [{ name: 'cert', sdsConfig: {} }], alpnProtocols: ['http/1.1'] },
};

function secretOf({ certificate, key }: Pick<TestCertificate, 'certificate' | 'key'>): ReadonlyMap<string, Secret> {
  const bytes = (text: string) => ({ specifier: { case: 'inlineBytes' as const, value: Buffer.from(text) } });
  const type = {
    case: 'tlsCertificate' as const,
    value: { certificateChain: bytes(certificate), privateKey: bytes(key) },
  };
  return new Map([['cert', create(SecretSchema, { name: 'cert', type })]]);
}

/** Undefined if the gateway closes the connection. */
function open(port: number): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      servername: 'web.test',
      ca: authority.certificate,
      ALPNProtocols: ['http/1.1'],
    });
    cleanups.push(() => socket.destroy());
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
}

function shownBy(socket: TLSSocket | undefined): string | undefined {
  return socket?.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase();
}

function get(socket: Socket, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1').split('\r\n', 1)[0] ?? ''));
    socket.once('close', () => reject(new Error('the connection closed')));
    socket.write(`GET ${path} HTTP/1.1\r\nhost: web.test\r\n\r\n`);
  });
}

describe('TLS of a listener', () => {
  test('a new secret is shown to new connections, and the old ones live on', async () => {
    const listener = secureListener(bySecret);
    const resources = resourcesOf([listener], []);
    await using running = await startGateway({ ...resources, secrets: secretOf(first) });
    const before = await open(running.port);
    expect(shownBy(before)).toBe(first.hash);
    expect(await get(before as TLSSocket)).toBe('HTTP/1.1 200 OK');
    await running.gateway.apply({ ...resources, secrets: secretOf(second) });
    expect(shownBy(await open(running.port))).toBe(second.hash);
    expect(await get(before as TLSSocket)).toBe('HTTP/1.1 200 OK');
  });

  test('a broken secret leaves the last good one in force and is a problem', async () => {
    const listener = secureListener(bySecret);
    const resources = resourcesOf([listener], []);
    await using running = await startGateway({ ...resources, secrets: secretOf(first) });
    const broken = secretOf({ certificate: second.certificate, key: first.key });
    const problems = await running.gateway.apply({ ...resources, secrets: broken });
    expect(problems.map(({ kind, name }) => [kind, name])).toEqual([['listener', 'web']]);
    expect(problems[0]?.message).toContain('its certificate or key cannot be used');
    expect(problems[0]?.message).not.toContain('BEGIN');
    expect(running.gateway.inspect().problems).toEqual(problems);
    expect(shownBy(await open(running.port))).toBe(first.hash);
  });

  test('without its secret a chain closes its connections', async () => {
    const resources = resourcesOf([secureListener(bySecret)], []);
    await using running = await startGateway(resources);
    expect(running.gateway.inspect().problems.map(({ message }) => message)).toEqual(['secrets "cert" have not come']);
    expect(await open(running.port)).toBeUndefined();
    await running.gateway.apply({ ...resources, secrets: secretOf(first) });
    expect(shownBy(await open(running.port))).toBe(first.hash);
    expect(running.gateway.inspect().problems).toEqual([]);
  });

  test('files are followed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-tls-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const write = ({ certificate, key }: TestCertificate): void => {
      writeFileSync(join(folder, 'tls.crt'), certificate);
      writeFileSync(join(folder, 'tls.key'), key);
    };
    write(first);
    const file = (name: string) => ({ specifier: { case: 'filename' as const, value: join(folder, name) } });
    const listener = secureListener({
      commonTlsContext: { tlsCertificates: [{ certificateChain: file('tls.crt'), privateKey: file('tls.key') }] },
    });
    await using running = await startGateway(resourcesOf([listener], []));
    expect(shownBy(await open(running.port))).toBe(first.hash);
    write(second);
    await expect.poll(async () => shownBy(await open(running.port)), { timeout: 5_000 }).toBe(second.hash);
  });
});
