import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import {
  type IssueOptions,
  type TestAuthority,
  type TestCertificate,
  testAuthority,
} from '@heddle/testing/certificates';
import type { Json } from './parity-case.ts';

/** Certificates that a case declares, by name. */
export type CaseCertificates = ReadonlyMap<string, TestCertificate>;

/**
 * Makes the certificates of a case: `NAME: {}` is an authority, `NAME: { by: AUTHORITY, commonName, names: [DNS:…, URI:…], key: rsa }`
 * is issued by one that stands before it.
 */
export function makeCertificates(declared: { readonly [name: string]: Json }): CaseCertificates {
  const made = new Map<string, TestCertificate>();
  const authorities = new Map<string, TestAuthority>();
  for (const [name, value] of Object.entries(declared)) {
    const fields = value as { by?: string; commonName?: string; names?: string[]; key?: 'rsa'; expired?: boolean };
    const commonName = fields.commonName ?? name;
    if (fields.by === undefined) {
      const authority = testAuthority(commonName);
      authorities.set(name, authority);
      made.set(name, authority);
      continue;
    }
    const authority = authorities.get(fields.by);
    if (authority === undefined)
      throw new Error(`certificate "${name}" is by "${fields.by}", which is no authority before it`);
    const options: IssueOptions = {
      commonName,
      names: fields.names ?? [],
      ...(fields.key === undefined ? {} : { keyType: fields.key }),
      ...(fields.expired === true ? { validFrom: new Date(0), validTo: new Date(1e12) } : {}),
    };
    made.set(name, authority.issue(options));
  }
  return made;
}

const MENTION = /\$\{(cert|key|cert64|key64|hash|spki|cert-file|key-file):([a-z0-9-]+)\}/g;

/**
 * The value with `${cert:NAME}` and `${key:NAME}` (PEM; `cert64`, `key64` in base64), `${hash:NAME}`, `${spki:NAME}` (SHA-256 of the
 * certificate and of its public key), `${cert-file:NAME}` and `${key-file:NAME}` (paths) replaced.
 */
export function withCertificates<Value extends Json>(value: Value, certificates: CaseCertificates): Value {
  const replace = (part: Json): Json => {
    if (typeof part === 'string') return part.replace(MENTION, (_, what: string, name: string) => mention(what, name));
    if (Array.isArray(part)) return part.map(replace);
    if (typeof part === 'object' && part !== null)
      return Object.fromEntries(Object.entries(part).map(([key, field]) => [key, replace(field as Json)]));
    return part;
  };
  const mention = (what: string, name: string): string => {
    const found = certificates.get(name);
    if (found === undefined) throw new Error(`there is no certificate "${name}"`);
    switch (what) {
      case 'cert':
        return found.certificate;
      case 'key':
        return found.key;
      case 'cert64':
        return Buffer.from(found.certificate).toString('base64');
      case 'key64':
        return Buffer.from(found.key).toString('base64');
      case 'hash':
        return found.hash;
      case 'spki':
        return found.publicKeyHash;
      case 'cert-file':
        return fileOf(`${found.hash}.crt`, found.certificate);
      default:
        return fileOf(`${found.hash}.key`, found.key);
    }
  };
  return replace(value) as Value;
}

let folder: string | undefined;

function fileOf(name: string, content: string): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'heddle-parity-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}
