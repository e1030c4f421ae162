import { generateKeyPairSync, type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileTestModule } from '../../test/compile-test-module.ts';
import { readFields, writeFields } from '../protobuf-fields.ts';
import { createFilter, type FilterOptions } from '../testing/emulated-filter.ts';
import { nodeForeignFunctions } from './foreign-functions.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  wasm = await compileTestModule('foreign');
}, 60_000);

const utf8 = (text: string) => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

async function start(options: Partial<FilterOptions> = {}) {
  const filter = await createFilter({ wasm, foreignFunctions: nodeForeignFunctions, ...options });
  /** Calls a function from a filter: the status, and the bytes of the result. */
  const call = async (name: string, args: Uint8Array) => {
    const result = await filter.request({ path: `/${name}`, headers: { args: hex(args) } });
    const [status, bytes = ''] = result.body.split(' ');
    return { status: Number(status), bytes: Uint8Array.from(Buffer.from(bytes, 'hex')), result };
  };
  return { filter, call };
}

const keys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ed25519: generateKeyPairSync('ed25519'),
};
const spki = (key: KeyObject) => ({
  der: new Uint8Array(key.export({ format: 'der', type: 'spki' })),
  pem: utf8(key.export({ format: 'pem', type: 'spki' }) as string),
});

/** The result and the error in an answer to `verify_signature` or `sign`. */
function verdict(bytes: Uint8Array<ArrayBuffer>, errorField: number) {
  const fields = readFields(bytes);
  return {
    isRight: fields?.number(1) === 1,
    error: new TextDecoder().decode(fields?.bytes(errorField) ?? new Uint8Array()),
  };
}

describe('verify_signature', () => {
  const data = utf8('what was signed');
  const cases = (['rsa', 'ec'] as const).flatMap((type) =>
    (['der', 'pem'] as const).flatMap((format) => ['sha256', 'SHA512'].map((hash) => ({ type, format, hash }))),
  );
  test.each(cases)('knows a signature by $type with $hash and its key as $format', async ({ type, format, hash }) => {
    const { call } = await start();
    const signature = new Uint8Array(signBytes(hash.toLowerCase(), data, keys[type].privateKey));
    const key = spki(keys[type].publicKey);
    const args = (text: Uint8Array) =>
      writeFields([
        [1, utf8(hash)],
        [2, format === 'der' ? key.der : new Uint8Array()],
        [3, signature],
        [4, text],
        [5, format === 'pem' ? key.pem : new Uint8Array()],
      ]);
    const right = await call('verify_signature', args(data));
    expect(right.status).toBe(0);
    expect(verdict(right.bytes, 2)).toEqual({ isRight: true, error: '' });
    const wrong = await call('verify_signature', args(utf8('something else')));
    expect(wrong.status).toBe(0);
    expect(verdict(wrong.bytes, 2)).toEqual({ isRight: false, error: 'Failed to verify digest. Error code: 0' });
  });

  test.each([
    { name: 'no key', fields: [], status: 2 },
    {
      name: 'two keys',
      fields: [
        [2, spki(keys.ec.publicKey).der],
        [5, spki(keys.ec.publicKey).pem],
      ],
      status: 2,
    },
    { name: 'a key that is none', fields: [[2, utf8('key')]], status: 0, error: 'Failed to initialize digest verify.' },
    {
      name: 'a key that wants no hash',
      fields: [[2, spki(keys.ed25519.publicKey).der]],
      status: 0,
      error: 'Failed to initialize digest verify.',
    },
    {
      name: 'an unknown hash',
      fields: [
        [1, utf8('md5')],
        [2, spki(keys.ec.publicKey).der],
      ],
      status: 0,
      error: 'md5 is not supported.',
    },
  ] as const)(
    'answers $name',
    async ({
      fields,
      status,
      error,
    }: {
      fields: readonly (readonly [number, Uint8Array])[];
      status: number;
      error?: string;
    }) => {
      const { call } = await start();
      const answer = await call('verify_signature', writeFields([[1, utf8('sha256')], ...fields]));
      expect(answer.status).toBe(status);
      if (error !== undefined) expect(verdict(answer.bytes, 2)).toEqual({ isRight: false, error });
    },
  );

  test('refuses bytes that are no message', async () => {
    const { call } = await start();
    expect((await call('verify_signature', Uint8Array.of(0x0a, 0x7f))).status).toBe(2);
  });
});

describe('sign', () => {
  test.each(['rsa', 'ec'] as const)('signs with a key for %s', async (type) => {
    const { call } = await start();
    const { privateKey, publicKey } = keys[type];
    const data = utf8('to sign');
    for (const key of [
      [2, new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }))],
      [4, utf8(privateKey.export({ format: 'pem', type: 'pkcs8' }) as string)],
    ] as const) {
      const answer = await call('sign', writeFields([[1, utf8('sha256')], key, [3, data]]));
      expect(answer.status).toBe(0);
      expect(verdict(answer.bytes, 3)).toEqual({ isRight: true, error: '' });
      expect(verifyBytes('sha256', data, publicKey, readFields(answer.bytes)?.bytes(2) ?? new Uint8Array())).toBe(true);
    }
  });

  test('says what is wrong', async () => {
    const { call } = await start();
    const der = new Uint8Array(keys.ec.privateKey.export({ format: 'der', type: 'pkcs8' }));
    expect((await call('sign', writeFields([[1, utf8('sha256')]]))).status).toBe(2);
    const hash = await call(
      'sign',
      writeFields([
        [1, utf8('md5')],
        [2, der],
      ]),
    );
    expect(verdict(hash.bytes, 3)).toEqual({ isRight: false, error: 'md5 is not supported.' });
    const key = await call(
      'sign',
      writeFields([
        [1, utf8('sha256')],
        [2, utf8('no key')],
      ]),
    );
    expect(verdict(key.bytes, 3)).toEqual({
      isRight: false,
      error: 'Invalid key type: private key required for signing operation.',
    });
  });
});

describe('compress and uncompress', () => {
  test('speak zlib', async () => {
    const { call } = await start();
    const text = utf8('again and '.repeat(50));
    const compressed = await call('compress', text);
    expect(compressed.status).toBe(0);
    expect(compressed.bytes.length).toBeLessThan(60);
    expect(compressed.bytes[0]).toBe(0x78);
    const back = await call('uncompress', compressed.bytes);
    expect({ status: back.status, bytes: back.bytes }).toEqual({ status: 0, bytes: text });
  });

  test.each([
    { name: 'what is not compressed', bytes: utf8('plain') },
    { name: 'what was cut', bytes: new Uint8Array(deflateSync('cut '.repeat(20))).slice(0, -6) },
  ])('refuse $name', async ({ bytes }) => {
    const { call } = await start();
    expect((await call('uncompress', bytes)).status).toBe(3);
  });
});

describe('built-in functions', () => {
  test('choose the route anew', async () => {
    const { call } = await start();
    const { status, result } = await call('clear_route_cache', new Uint8Array());
    expect([status, result.routeCacheClears]).toEqual([0, 1]);
  });

  test('set the filter state that Envoy knows', async () => {
    const { call } = await start();
    const state = (key: string) =>
      writeFields([
        [1, utf8(key)],
        [2, utf8('outbound|80||a')],
      ]);
    const known = await call('set_envoy_filter_state', state('envoy.tcp_proxy.cluster'));
    expect([known.status, known.result.filterState]).toEqual([0, { 'envoy.tcp_proxy.cluster': 'outbound|80||a' }]);
    expect((await call('set_envoy_filter_state', state('mine'))).status).toBe(1);
    expect((await call('set_envoy_filter_state', Uint8Array.of(7))).status).toBe(2);
  });

  test('declare properties, once each, and those that are set once', async () => {
    const readOnly = writeFields([
      [1, utf8('mine')],
      [2, true],
    ]);
    const plain = await start();
    expect((await plain.filter.request({ path: '/set' })).body).toBe('0000');
    const { filter, call } = await start({ configuration: hex(readOnly) });
    expect((await filter.request({ path: '/set' })).body).toBe('0200');
    // What a stream declares is its own.
    expect((await call('declare_property', readOnly)).status).toBe(0);
    expect((await call('declare_property', Uint8Array.of(7))).status).toBe(2);
  });

  test('are the only ones without those of the machine', async () => {
    const { call } = await start({ foreignFunctions: {} });
    for (const name of ['verify_signature', 'sign', 'compress', 'uncompress', 'anything', 'toString']) {
      expect((await call(name, new Uint8Array())).status).toBe(1);
    }
  });
});
