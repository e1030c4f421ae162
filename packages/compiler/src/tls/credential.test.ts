import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseObject } from '@heddle/api';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { noMemo } from '../memo.ts';
import type { Secret } from '../mesh-objects.ts';
import { keyPairOf, trustedCaOf } from './credential.ts';

/** The PEM that a fixture's Secret has under a key. */
function fixturePem(fixture: string, key: string): string {
  const text = readFileSync(new URL(`../../fixtures/${fixture}/in.yaml`, import.meta.url), 'utf8');
  for (const document of parseAllDocuments(text)) {
    const { data, stringData } = document.toJS() as Readonly<
      Record<string, Readonly<Record<string, string>> | undefined>
    >;
    const plain = stringData?.[key];
    if (plain !== undefined) return plain;
    const encoded = data?.[key];
    if (encoded !== undefined) return Buffer.from(encoded, 'base64').toString();
  }
  throw new Error(`fixture ${fixture} has no "${key}"`);
}

const ec = { certificate: fixturePem('gateway-https', 'tls.crt'), key: fixturePem('gateway-https', 'tls.key') };
const authority = { certificate: fixturePem('gateway-https', 'ca.crt') };
const otherEc = { key: fixturePem('gateway-https-problems', 'tls.key') };
const rsa = {
  key: generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString(),
};

function secretOf(stringData: Readonly<Record<string, string>>): Secret {
  const { object } = parseObject({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData });
  return object as Secret;
}

describe('keyPairOf', () => {
  test.each([
    ['of TLS', { 'tls.crt': ec.certificate, 'tls.key': ec.key }],
    ['generic', { cert: ec.certificate, key: ec.key }],
    [
      'with a chain and text around it',
      { 'tls.crt': `# mine\n${ec.certificate}${authority.certificate}`, 'tls.key': ec.key },
    ],
  ])('takes a Secret %s', (_, data) => {
    const found = keyPairOf(noMemo, secretOf(data));
    expect(found).toHaveProperty('value');
  });

  test.each([
    ['nothing', {}, ['data'], 'found no "tls.crt", only nothing'],
    ['no key', { 'tls.crt': ec.certificate }, ['data'], 'found no "tls.key", only tls.crt'],
    ['an empty key', { 'tls.crt': ec.certificate, 'tls.key': '' }, ['stringData', 'tls.key'], 'found "tls.key" empty'],
    [
      'no PEM',
      { 'tls.crt': 'hunter2', 'tls.key': ec.key },
      ['stringData', 'tls.crt'],
      'found no PEM block, wanted CERTIFICATE in PEM',
    ],
    [
      'half a block',
      { 'tls.crt': ec.certificate.slice(0, 100), 'tls.key': ec.key },
      ['stringData', 'tls.crt'],
      'without its end',
    ],
    [
      'a key for a certificate',
      { 'tls.crt': ec.key, 'tls.key': ec.key },
      ['stringData', 'tls.crt'],
      'found "PRIVATE KEY", wanted CERTIFICATE',
    ],
    [
      'the key of another',
      { 'tls.crt': ec.certificate, 'tls.key': otherEc.key },
      ['stringData', 'tls.key'],
      'does not belong to the certificate',
    ],
    [
      'a key of another kind',
      { 'tls.crt': ec.certificate, 'tls.key': rsa.key },
      ['stringData', 'tls.key'],
      'does not belong to the certificate',
    ],
    [
      'an encrypted key',
      { 'tls.crt': ec.certificate, 'tls.key': ec.key.replaceAll('PRIVATE KEY', 'ENCRYPTED PRIVATE KEY') },
      ['stringData', 'tls.key'],
      'found an encrypted private key',
    ],
    [
      'a certificate of other bytes',
      { 'tls.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'tls.key': ec.key },
      ['stringData', 'tls.crt'],
      'found a certificate that cannot be read',
    ],
  ])('refuses %s, and tells nothing of it', (_, data, path, message) => {
    const found = keyPairOf(noMemo, secretOf(data));
    expect(found).toMatchObject({ problem: { path } });
    const text = JSON.stringify(found);
    expect('problem' in found ? found.problem.message : '').toContain(message);
    expect(text).not.toMatch(/hunter2|MIG|MII/);
  });
});

test('trustedCaOf takes what a Secret trusts, and nothing that is no certificate', () => {
  expect(trustedCaOf(noMemo, secretOf({ 'ca.crt': authority.certificate }))).toHaveProperty('value.certificates');
  expect(trustedCaOf(noMemo, secretOf({ cacert: authority.certificate }))).toHaveProperty('value.certificates');
  expect(trustedCaOf(noMemo, secretOf({ 'tls.crt': ec.certificate }))).toMatchObject({
    problem: { path: ['data'], message: 'found no "ca.crt", only tls.crt' },
  });
  expect(trustedCaOf(noMemo, secretOf({ 'ca.crt': ec.key }))).toHaveProperty('problem');
});
