import { Buffer } from 'node:buffer';
import { toBinary } from '@bufbuild/protobuf';
import { DurationSchema, durationFromMs } from '@bufbuild/protobuf/wkt';
import type { XdsResource } from '@heddle/model';
import type { Chunk } from '../chunk.ts';
import type { DeltaPush } from '../push.ts';

// A gRPC message is one flag byte (0: not compressed), four bytes of length, then the encoded DeltaDiscoveryResponse. Protobuf
// fields may stand in any order, so what differs between streams comes first and the rest is the same bytes for all of them:
//
//     | 0 | length (4) | 2a nonce | 0a system_version_info | 12 resource … | 22 type_url | 32 removed_resources … |
//     |<------------- per stream, some 20 bytes ---------->|<------------------ shared ------------------------->|

const NONCE = 0x2a;
const SYSTEM_VERSION_INFO = 0x0a;
const RESOURCES = 0x12;
const TYPE_URL = 0x22;
const REMOVED_RESOURCES = 0x32;
// envoy.service.discovery.v3.Resource and google.protobuf.Any within it.
const RESOURCE_VERSION = 0x0a;
const RESOURCE_RESOURCE = 0x12;
const RESOURCE_NAME = 0x1a;
const RESOURCE_ALIASES = 0x22;
const RESOURCE_TTL = 0x32;
const ANY_TYPE_URL = 0x0a;
const ANY_VALUE = 0x12;

/** Below this, copying a body behind its lead costs less than a second write. Bytes. */
const SMALL_BODY = 8 * 1024;

/**
 * Encodes pushes to gRPC messages without building protobuf messages. Bodies of recent pushes are kept, up to a bound in bytes: when
 * one change goes to hundreds of streams, they all send the very same bytes. Whoever gets them must not write to them.
 */
export class DeltaFrameEncoder {
  readonly #maxKeptBytes: number;
  /** Oldest use first. */
  readonly #kept = new Map<string | Chunk, { readonly push: DeltaPush; readonly body: Uint8Array }>();
  #keptBytes = 0;
  #encodings = 0;
  #version: { readonly text: string; readonly field: Uint8Array } = { text: '', field: new Uint8Array() };

  constructor(options: { readonly maxKeptBytes?: number } = {}) {
    this.#maxKeptBytes = options.maxKeptBytes ?? 8 * 1024 * 1024;
  }

  /** How many bodies were encoded; the others were there already. */
  get encodings(): number {
    return this.#encodings;
  }

  /** One gRPC message, in one or two parts to be written in this order. */
  encode(push: DeltaPush, systemVersion: string): readonly Uint8Array[] {
    const body = this.#body(push);
    const nonce = stringField(NONCE, push.nonce);
    const version = this.#versionField(systemVersion);
    const leadBytes = 5 + nonce.length + version.length;
    const isSmall = body.length <= SMALL_BODY;
    const lead = Buffer.allocUnsafe(isSmall ? leadBytes + body.length : leadBytes);
    lead[0] = 0;
    lead.writeUInt32BE(leadBytes - 5 + body.length, 1);
    lead.set(nonce, 5);
    lead.set(version, 5 + nonce.length);
    if (!isSmall) return [lead, body];
    lead.set(body, leadBytes);
    return [lead];
  }

  /** The same for all until the next update. */
  #versionField(systemVersion: string): Uint8Array {
    if (this.#version.text !== systemVersion) {
      this.#version = { text: systemVersion, field: stringField(SYSTEM_VERSION_INFO, systemVersion) };
    }
    return this.#version.field;
  }

  #body(push: DeltaPush): Uint8Array {
    const key = push.chunk ?? keyOf(push);
    const found = this.#kept.get(key);
    if (found !== undefined) {
      this.#kept.delete(key);
      if (push.chunk !== undefined || haveSameBody(found.push, push)) {
        this.#kept.set(key, found);
        return found.body;
      }
      this.#keptBytes -= found.body.length;
    }
    this.#encodings += 1;
    const body = encodeBody(push);
    this.#kept.set(key, { push, body });
    this.#keptBytes += body.length;
    for (const [oldest, { body: dropped }] of this.#kept) {
      if (this.#keptBytes <= this.#maxKeptBytes) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= dropped.length;
    }
    return body;
  }
}

/** What pushes with the same body have in common, and few others. */
function keyOf({ typeUrl, resources, absent, removed, heartbeats }: DeltaPush): string {
  const [first, last] = [resources[0], resources.at(-1)];
  const names = `${first?.name} ${absent[0]} ${removed[0]} ${heartbeats?.[0]?.name}`;
  return `${typeUrl} ${resources.length} ${first?.version} ${last?.version} ${names}`;
}

/** Whether two pushes differ in nothing but the nonce. */
function haveSameBody(a: DeltaPush, b: DeltaPush): boolean {
  return (
    a.typeUrl === b.typeUrl &&
    a.expires === b.expires &&
    areSameResources(a.resources, b.resources) &&
    areSame(a.absent, b.absent) &&
    areSame(a.removed, b.removed) &&
    areSameResources(a.heartbeats ?? [], b.heartbeats ?? [])
  );
}

function areSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}

/** Two views may have compiled the same resource, each for itself. */
function areSameResources(a: readonly XdsResource[], b: readonly XdsResource[]): boolean {
  const isSame = (one: XdsResource, other: XdsResource | undefined) =>
    one === other || (one.version === other?.version && one.name === other.name && one.ttlMs === other.ttlMs);
  return a.length === b.length && a.every((one, index) => isSame(one, b[index]));
}

function encodeBody(push: DeltaPush): Uint8Array {
  const parts: ArrayLike<number>[] = [];
  for (const resource of push.resources) parts.push(resourceHead(resource, push.expires === true), resource.bytes);
  for (const { name, version, ttlMs } of push.heartbeats ?? []) {
    const fields = [stringField(RESOURCE_VERSION, version), stringField(RESOURCE_NAME, name), ttlField(ttlMs)];
    parts.push(lengthPrefix(RESOURCES, totalLength(fields)), ...fields);
  }
  for (const name of push.absent) {
    const fields = [stringField(RESOURCE_NAME, name), repeatedString(RESOURCE_ALIASES, name)];
    parts.push(lengthPrefix(RESOURCES, totalLength(fields)), ...fields);
  }
  parts.push(stringField(TYPE_URL, push.typeUrl));
  for (const name of push.removed) parts.push(repeatedString(REMOVED_RESOURCES, name));
  return concat(parts);
}

/** All of a `resources` entry but the value of its `Any`, which stands last. */
function resourceHead(resource: XdsResource, expires: boolean): Uint8Array {
  const any = [stringField(ANY_TYPE_URL, resource.typeUrl), lengthPrefix(ANY_VALUE, resource.bytes.length)];
  const fields = [
    stringField(RESOURCE_VERSION, resource.version),
    stringField(RESOURCE_NAME, resource.name),
    ttlField(expires ? resource.ttlMs : undefined),
    lengthPrefix(RESOURCE_RESOURCE, totalLength(any) + resource.bytes.length),
    ...any,
  ];
  return concat([lengthPrefix(RESOURCES, totalLength(fields) + resource.bytes.length), ...fields]);
}

/** `ttl`, a google.protobuf.Duration; nothing for what has no time to live. */
function ttlField(ttlMs: number | undefined): Uint8Array {
  if (ttlMs === undefined) return new Uint8Array();
  const duration = toBinary(DurationSchema, durationFromMs(ttlMs));
  return concat([lengthPrefix(RESOURCE_TTL, duration.length), duration]);
}

/** A string field as proto3 writes it: nothing at all for the empty string. */
function stringField(tag: number, text: string): Uint8Array {
  return text === '' ? new Uint8Array() : repeatedString(tag, text);
}

/** One entry of a repeated string field, where the empty string counts. */
function repeatedString(tag: number, text: string): Uint8Array {
  const bytes = Buffer.byteLength(text);
  const prefix = lengthPrefix(tag, bytes);
  const field = Buffer.allocUnsafe(prefix.length + bytes);
  field.set(prefix);
  field.write(text, prefix.length);
  return field;
}

function lengthPrefix(tag: number, length: number): number[] {
  const bytes = [tag];
  let rest = length;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

function totalLength(parts: readonly ArrayLike<number>[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function concat(parts: readonly ArrayLike<number>[]): Uint8Array {
  const whole = new Uint8Array(totalLength(parts));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
