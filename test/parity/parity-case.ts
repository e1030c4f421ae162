import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestCertificate } from '@heddle/testing/certificates';
import { parse } from 'yaml';
import { type CaseCertificates, makeCertificates, withCertificates } from './case-certificates.ts';
import type { BackendTls } from './echo-backends.ts';
import { backendNames } from './placeholders.ts';
import type { HandshakeResult } from './tls-connection.ts';

/** A proxy's place: at the edge, or beside a workload that calls others. */
export type ViewName = 'gateway' | 'sidecar';

/** A JSON value of a case file. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** A Kubernetes object as written; strings may hold `${NAME}`, which becomes the port of the echo backend of that name. */
export type CaseObject = { readonly [key: string]: Json };

/** One case: configuration, requests, and what is asserted about the answers beyond their equality. */
export interface ParityCase {
  readonly name: string;
  /** What the case is about, in a sentence. */
  readonly about: string;
  readonly views: readonly ViewName[];
  readonly resources: readonly CaseObject[];
  readonly requests: readonly CaseRequest[];
  /** The configuration is meant to be partly refused: objects with errors are left out, as in a source. */
  readonly invalid: boolean;
  /** How the backends speak TLS to whoever speaks it to them. */
  readonly backendTls: BackendTls | undefined;
}

/** How the answers of `count` equal requests are compared. */
export type Distribution =
  /** Shares of the backends, within what chance allows. */
  | 'shares'
  /** How often each backend answered, exactly; sent one after another. */
  | 'exact'
  /** As `exact`, and after how many answers the backends repeat in the same order. */
  | 'turns'
  /** Which backends answered. */
  | 'set'
  /** Turns by weight: how often each backend answered, up to the two turns that fall to the first and the last round by chance. */
  | 'rounds'
  /** All are sent at the same time, and the answers compared whichever request has got them. */
  | 'together';

export interface CaseRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  /** The port as configured. */
  readonly port: number;
  /** Name, value, name, value … */
  readonly headers: readonly string[];
  readonly body: readonly string[] | undefined;
  /** `chunked` sends each piece as a chunk, `length` all with a content-length, `none` leaves framing to the headers. */
  readonly framing: 'chunked' | 'length' | 'none';
  readonly trailers: readonly string[];
  readonly http: 1 | 2;
  readonly count: number;
  /** How many copies of the request backends may receive besides: what they received is then compared whatever the order. */
  readonly copies: number;
  readonly distribution: Distribution;
  /** Milliseconds to wait before it is sent. */
  readonly afterMs: number;
  /** Compares also how many requests the backend has seen on the same connection. */
  readonly connections: boolean;
  /** What the backend is told to answer; see {@link EchoOrder}. */
  readonly backend: EchoOrder;
  readonly expect: Expectation;
  /** Over TLS, on a connection of its own. */
  readonly tls: CaseTls | undefined;
  /** Why the two data planes are known to answer differently; an error once they no longer do. */
  readonly differs: string | undefined;
  /** Why nobody who does not run a plugin's module can tell what becomes of the request. */
  readonly inexplicable?: string | undefined;
}

/** How a client speaks TLS. */
export interface CaseTls {
  readonly serverName?: string;
  readonly alpn: readonly string[];
  readonly certificate?: TestCertificate;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  /** As OpenSSL lists them, separated by colons. */
  readonly ciphers?: string;
  readonly curves?: string;
}

type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** What an echo backend is told to do; by default it answers 200 with its name. */
export interface EchoOrder {
  readonly status?: number;
  /** Name, value, name, value … */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** A body of this many bytes instead. */
  readonly bytes?: number;
  readonly chunked?: boolean;
  readonly trailers?: readonly string[];
  /** Milliseconds to wait before answering. */
  readonly delay?: number;
  /** Only these backends do so, by place in the pool; others answer as usual. */
  readonly only?: readonly number[];
  /** Close the connection instead of answering, or in the middle of the body; or never answer. */
  readonly abort?: 'before-headers' | 'in-body' | 'silence';
}

/** Assertions about an answer, for what must not silently change on both sides. */
export interface Expectation {
  readonly status?: number;
  /** The backend that answers; of several requests, the backends. */
  readonly backend?: readonly string[];
  /** Shares of the backends among `count` answers. */
  readonly shares?: Readonly<Record<string, number>>;
  /** Response headers: value, or null for absent. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string;
  /** The connection is closed without an answer. */
  readonly refused?: boolean;
  /** What the handshake comes to. */
  readonly tls?: Partial<HandshakeResult>;
  /** What the backend receives. */
  readonly upstream?: {
    readonly path?: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string | null>>;
  };
}

/** A case file that cannot be used. */
export class CaseError extends Error {
  constructor(file: string, message: string) {
    super(`Cannot read case "${file}": ${message}`);
    this.name = 'CaseError';
  }
}

/**
 * Reads every case of a folder: `NAME/case.yaml`, sorted by name. `base: [NAME, …]` in a case takes in the objects of
 * `NAME.yaml` in the folder `bases`.
 */
export function loadCases(folder: string, bases: string): ParityCase[] {
  return readdirSync(folder)
    .sort()
    .filter((name) => statSync(join(folder, name)).isDirectory())
    .map((name) => loadCase(join(folder, name, 'case.yaml'), bases));
}

export function loadCase(file: string, bases: string): ParityCase {
  const name = basename(join(file, '..'));
  const fields = reader(file, '', parseFile(file), [
    ...['about', 'view', 'base', 'certificates', 'backend-tls', 'resources', 'requests', 'invalid'],
  ]);
  const base = fields.strings('base').flatMap((from) => loadBase(bases, from));
  const views = fields.strings('view');
  const requests = fields.list('requests');
  const certificates = makeCertificates((fields.value('certificates') ?? {}) as CaseObject);
  const resources = withCertificates([...base, ...(fields.list('resources') as CaseObject[])], certificates);
  const backends = backendNames(resources);
  if (requests.length === 0) throw new CaseError(file, 'it has no requests');
  return {
    name,
    about: fields.text('about') ?? fail(file, 'it does not say what it is about'),
    views: views.length === 0 ? ['gateway'] : views.map((view) => oneOf(file, 'view', view, ['gateway', 'sidecar'])),
    resources,
    requests: requests.map((request, i) =>
      readRequest(file, `requests[${i}]`, withCertificates(request, certificates), backends, certificates),
    ),
    invalid: fields.flag('invalid') ?? false,
    backendTls: fields.has('backend-tls')
      ? readBackendTls(file, fields.value('backend-tls') ?? {}, certificates)
      : undefined,
  };
}

/** The objects that cases take in by `base: [NAME]`. */
export function loadBase(folder: string, name: string): readonly CaseObject[] {
  const file = join(folder, `${name}.yaml`);
  const found = parseFile(file);
  return Array.isArray(found) ? (found as CaseObject[]) : fail(file, 'it is no list of objects');
}

function readRequest(
  file: string,
  path: string,
  value: Json,
  backends: readonly string[],
  certificates: CaseCertificates,
): CaseRequest {
  const fields = reader(file, path, value, [
    ...['name', 'method', 'path', 'host', 'port', 'headers', 'body', 'chunks', 'framing', 'trailers', 'http', 'count'],
    ...['copies', 'distribution', 'after', 'connections', 'backend', 'expect', 'differs', 'inexplicable', 'tls'],
  ]);
  const host = fields.has('host') ? (fields.text('host') ?? undefined) : 'web.test';
  const body = fields.text('body');
  const chunks = fields.has('chunks') ? fields.strings('chunks') : undefined;
  const count = fields.number('count') ?? 1;
  const framing = fields.text('framing');
  const target = fields.text('path') ?? '/';
  const method = fields.text('method') ?? 'GET';
  return {
    name: fields.text('name') ?? `${method} ${target}`,
    method,
    path: target,
    host,
    port: fields.number('port') ?? 80,
    headers: fields.pairs('headers'),
    body: chunks ?? (body === undefined ? undefined : [body]),
    framing:
      framing === undefined
        ? chunks === undefined
          ? 'length'
          : 'chunked'
        : oneOf(file, `${path}.framing`, framing, ['chunked', 'length', 'none']),
    trailers: fields.pairs('trailers'),
    http: fields.number('http') === 2 ? 2 : 1,
    count,
    copies: fields.number('copies') ?? 0,
    distribution: oneOf(file, `${path}.distribution`, fields.text('distribution') ?? 'shares', [
      'shares',
      'exact',
      'turns',
      'set',
      'rounds',
      'together',
    ]),
    afterMs: fields.number('after') ?? 0,
    connections: fields.flag('connections') ?? false,
    backend: readOrder(file, `${path}.backend`, fields.value('backend') ?? {}, backends),
    differs: fields.text('differs'),
    inexplicable: fields.text('inexplicable'),
    tls: fields.has('tls')
      ? readTls(file, `${path}.tls`, fields.value('tls') ?? {}, fields.number('http') === 2, host, certificates)
      : undefined,
    expect: readExpectation(file, `${path}.expect`, fields.value('expect') ?? {}, certificates),
  };
}

function readOrder(file: string, path: string, value: Json, backends: readonly string[]): EchoOrder {
  const fields = reader(file, path, value, [
    'status',
    'headers',
    'body',
    'bytes',
    'chunked',
    'trailers',
    'delay',
    'only',
    'abort',
  ]);
  const abort = fields.text('abort');
  return definedOnly({
    status: fields.number('status'),
    headers: fields.has('headers') ? fields.pairs('headers') : undefined,
    body: fields.text('body'),
    bytes: fields.number('bytes'),
    chunked: fields.flag('chunked'),
    trailers: fields.has('trailers') ? fields.pairs('trailers') : undefined,
    delay: fields.number('delay'),
    only: fields.has('only')
      ? fields.strings('only').map((name) => backends.indexOf(oneOf(file, `${path}.only`, name, backends)))
      : undefined,
    abort:
      abort === undefined ? undefined : oneOf(file, `${path}.abort`, abort, ['before-headers', 'in-body', 'silence']),
  });
}

function readBackendTls(file: string, value: Json, certificates: CaseCertificates): BackendTls {
  const fields = reader(file, 'backend-tls', value, ['certificate', 'clients']);
  const named = (field: string): TestCertificate | undefined => certificates.get(fields.text(field) ?? '');
  const certificate = named('certificate') ?? fail(file, 'backend-tls.certificate names none');
  return definedOnly({ certificate, clients: named('clients') });
}

function readTls(
  file: string,
  path: string,
  value: Json,
  isHttp2: boolean,
  host: string | undefined,
  certificates: CaseCertificates,
): CaseTls {
  const fields = reader(file, path, value, ['name', 'alpn', 'certificate', 'min', 'max', 'ciphers', 'curves']);
  const version = (field: string): TlsVersion | undefined => {
    const found = fields.text(field);
    return found === undefined
      ? undefined
      : oneOf<TlsVersion>(file, `${path}.${field}`, found, ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']);
  };
  const named = fields.text('certificate');
  const certificate = named === undefined ? undefined : certificates.get(named);
  if (named !== undefined && certificate === undefined) fail(file, `${path}.certificate: there is no "${named}"`);
  return definedOnly({
    serverName: fields.has('name') ? (fields.text('name') ?? undefined) : host,
    alpn: fields.has('alpn') ? fields.strings('alpn') : isHttp2 ? ['h2'] : ['http/1.1'],
    certificate,
    minVersion: version('min'),
    maxVersion: version('max'),
    ciphers: fields.text('ciphers'),
    curves: fields.text('curves'),
  });
}

function readExpectation(file: string, path: string, value: Json, certificates: CaseCertificates): Expectation {
  const fields = reader(file, path, value, [
    ...['status', 'backend', 'shares', 'headers', 'body', 'upstream', 'refused', 'tls'],
  ]);
  const tls = fields.has('tls')
    ? reader(file, `${path}.tls`, fields.value('tls') ?? {}, ['certificate', 'protocol', 'version', 'cipher', 'curve'])
    : undefined;
  const shown = tls?.text('certificate');
  const upstream = fields.has('upstream')
    ? reader(file, `${path}.upstream`, fields.value('upstream') ?? {}, ['path', 'method', 'headers'])
    : undefined;
  return definedOnly({
    status: fields.number('status'),
    backend: fields.has('backend') ? fields.strings('backend') : undefined,
    shares: fields.has('shares') ? (fields.value('shares') as Record<string, number>) : undefined,
    headers: fields.has('headers') ? (fields.value('headers') as Record<string, string | null>) : undefined,
    body: fields.text('body'),
    refused: fields.flag('refused'),
    tls:
      tls === undefined
        ? undefined
        : definedOnly({
            certificate: shown === undefined ? undefined : (certificates.get(shown)?.hash ?? `none is named ${shown}`),
            protocol: tls.text('protocol'),
            version: tls.text('version'),
            cipher: tls.text('cipher'),
            curve: tls.text('curve'),
          }),
    upstream:
      upstream === undefined
        ? undefined
        : definedOnly({
            path: upstream.text('path'),
            method: upstream.text('method'),
            headers: upstream.has('headers') ? (upstream.value('headers') as Record<string, string | null>) : undefined,
          }),
  });
}

/** An object without its undefined fields. */
function definedOnly<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function parseFile(file: string): Json {
  try {
    return parse(readFileSync(file, 'utf8')) as Json;
  } catch (error) {
    throw new CaseError(file, error instanceof Error ? error.message : String(error));
  }
}

function fail(file: string, message: string): never {
  throw new CaseError(file, message);
}

function oneOf<T extends string>(file: string, path: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  return found ?? fail(file, `${path} is "${value}", wanted ${allowed.join(', ')}`);
}

interface FieldReader {
  has(name: string): boolean;
  value(name: string): Json | undefined;
  text(name: string): string | undefined;
  number(name: string): number | undefined;
  flag(name: string): boolean | undefined;
  list(name: string): readonly Json[];
  /** A string, or a list of them. */
  strings(name: string): readonly string[];
  /** `{name: value, name: [value, value]}` as name, value, name, value … */
  pairs(name: string): readonly string[];
}

function reader(file: string, path: string, value: Json, known: readonly string[]): FieldReader {
  const at = path === '' ? 'the case' : path;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(file, `${at} is no mapping`);
  const mapping = value as { readonly [key: string]: Json };
  for (const key of Object.keys(mapping)) {
    if (!known.includes(key)) fail(file, `${at} has unknown field "${key}", wanted ${known.join(', ')}`);
  }
  const typed = <T>(name: string, wanted: string, is: (field: Json) => field is Json & T): T | undefined => {
    const field = mapping[name];
    if (field === undefined || field === null) return undefined;
    return is(field) ? field : fail(file, `${at}.${name} is no ${wanted}`);
  };
  const strings = (name: string): readonly string[] => {
    const field = mapping[name];
    if (field === undefined || field === null) return [];
    return (Array.isArray(field) ? field : [field]).map((item) =>
      typeof item === 'string' ? item : fail(file, `${at}.${name} holds something that is no string`),
    );
  };
  return {
    has: (name) => name in mapping,
    value: (name) => mapping[name],
    text: (name) => typed(name, 'string', (field): field is string => typeof field === 'string'),
    number: (name) => typed(name, 'number', (field): field is number => typeof field === 'number'),
    flag: (name) => typed(name, 'boolean', (field): field is boolean => typeof field === 'boolean'),
    list: (name) => typed(name, 'list', (field): field is readonly Json[] => Array.isArray(field)) ?? [],
    strings,
    pairs: (name) =>
      Object.entries(typed(name, 'mapping', (field): field is CaseObject => !Array.isArray(field)) ?? {}).flatMap(
        ([header, values]) => (Array.isArray(values) ? values : [values]).flatMap((item) => [header, String(item)]),
      ),
  };
}
