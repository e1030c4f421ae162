/**
 * Many sidecars: delta streams on a connection each that subscribe as Envoy does, acknowledge everything, and note when what came.
 *
 * Commands: `open` {host, port, streams, workloads?, expected, record?} answers when all are in sync; `endpoint` {index} answers when all have
 * seen that change; `mark` forgets what was counted; `quiet` {ms} answers when nothing came for so long; `staleness` {times} says how
 * old changes were when they arrived; `recorded` gives the first stream's messages; `close`.
 */
import { crc32 } from 'node:zlib';
import { toBinary } from '@bufbuild/protobuf';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '@heddle/envoy-api';
import { NodeSchema } from '@heddle/envoy-api/core';
import { answerCommands, sharedClockMs } from './child-process.ts';
import { type GrpcConnection, openGrpcStream } from './grpc-connection.ts';
import { MARKER_LENGTH, MARKER_PREFIX, markerIndex, sidecarNode } from './mesh.ts';
import { percentile, percentiles } from './percentile.ts';
import { bytesField, FieldReader, textField, textsAt } from './wire.ts';

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** Which changes are waited for, and when they arrived at whom: by change, the arrivals. */
const arrivals = new Map<number, number[]>();
let waiter: { readonly done: () => boolean; readonly resolve: () => void } | undefined;
let counted = { bytes: 0, responses: 0, resources: 0 };
let lastMessageMs = 0;
let recorded: string[] | undefined;
let clients: Sidecar[] = [];
let problem: string | undefined;

/** What the resources of one response amount to. Large ones come to every stream alike, so each is read once. */
interface Content {
  /** Numbers of the resources' names. */
  readonly names: readonly number[];
  /** Names that the resources lead to, of which type, and the request that subscribes to all of them. */
  readonly leads: readonly string[];
  readonly childType: string;
  readonly subscription: Buffer;
}

/** By length and checksum of the resources. */
const contents = new Map<string, Content>();
/** Below this, reading is as cheap as looking up. Bytes. */
const SMALL = 4_096;
const numbers = new Map<string, number>();
const topLevel = new FieldReader();
const resourceReader = new FieldReader();

class Sidecar {
  readonly connection: GrpcConnection;
  syncedAtMs: number | undefined;
  readonly #expected: Readonly<Record<string, number>>;
  /** How many different names were received, by type. */
  readonly #received = new Map<string, number>();
  /** By number of a name, whether it was received. */
  readonly #has: boolean[] = [];
  readonly #subscribed = new Set<string>();
  readonly #isRecorded: boolean;

  constructor(
    index: number,
    address: { readonly host: string; readonly port: number },
    expected: Readonly<Record<string, number>>,
    workloads: number,
  ) {
    this.#expected = expected;
    this.#isRecorded = index === 0;
    this.connection = openGrpcStream(address, METHOD, {
      message: (bytes) => this.#receive(bytes),
      ended: (reason) => {
        problem ??= `stream ${index}: ${reason}`;
        progressed();
      },
    });
    this.connection.send(
      Buffer.concat([
        bytesField(1, toBinary(NodeSchema, sidecarNode(index, workloads))),
        textField(2, CLUSTER_TYPE_URL),
      ]),
    );
    this.connection.send(textField(2, LISTENER_TYPE_URL));
  }

  #receive(bytes: Buffer): void {
    lastMessageMs = sharedClockMs();
    counted.responses += 1;
    counted.bytes += bytes.length;
    if (this.#isRecorded) recorded?.push(bytes.toString('base64'));
    let [typeUrl, nonce] = ['', ''];
    let [start, end] = [bytes.length, 0];
    const reader = topLevel.open(bytes);
    while (reader.next()) {
      if (reader.field === 2) {
        // Where the first resource begins is known by where its content does: what lies before is its length.
        start = Math.min(start, reader.start);
        end = reader.end;
      } else if (reader.field === 4) typeUrl = reader.text();
      else if (reader.field === 5) nonce = reader.text();
    }
    this.connection.send(Buffer.concat([textField(2, typeUrl), textField(6, nonce)]));
    const content = contentOf(bytes, typeUrl, start, end);
    counted.resources += content.names.length;
    this.#subscribe(content);
    if (this.syncedAtMs !== undefined) {
      if (typeUrl === CLUSTER_LOAD_ASSIGNMENT_TYPE_URL) noteMarkers(bytes);
      return;
    }
    let received = this.#received.get(typeUrl) ?? 0;
    for (const name of content.names) {
      if (this.#has[name] === true) continue;
      this.#has[name] = true;
      received += 1;
    }
    this.#received.set(typeUrl, received);
    if (!this.#isInSync()) return;
    this.syncedAtMs = lastMessageMs;
    progressed();
  }

  #subscribe({ leads, childType, subscription }: Content): void {
    if (leads.length === 0) return;
    const unknown = leads.filter((name) => !this.#subscribed.has(name));
    for (const name of unknown) this.#subscribed.add(name);
    if (unknown.length === leads.length) this.connection.send(subscription);
    else if (unknown.length > 0) this.connection.send(subscriptionTo(childType, unknown));
  }

  #isInSync(): boolean {
    for (const type in this.#expected) {
      if ((this.#received.get(type) ?? 0) < (this.#expected[type] as number)) return false;
    }
    return true;
  }
}

function contentOf(bytes: Buffer, typeUrl: string, start: number, end: number): Content {
  if (end - start < SMALL) return readContent(bytes, typeUrl);
  const key = `${bytes.length} ${crc32(bytes.subarray(start, end))}`;
  let content = contents.get(key);
  if (content === undefined) {
    content = readContent(bytes, typeUrl);
    contents.set(key, content);
  }
  return content;
}

function readContent(bytes: Buffer, typeUrl: string): Content {
  const names: number[] = [];
  const leads: string[] = [];
  const message = new FieldReader().open(bytes);
  while (message.next()) {
    if (message.field !== 2) continue;
    const [name, found] = readResource(bytes, message.start, message.end, typeUrl);
    const key = `${typeUrl} ${name}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(key, number);
    }
    names.push(number);
    leads.push(...found);
  }
  const childType = typeUrl === CLUSTER_TYPE_URL ? CLUSTER_LOAD_ASSIGNMENT_TYPE_URL : ROUTE_CONFIGURATION_TYPE_URL;
  return { names, leads, childType, subscription: subscriptionTo(childType, leads) };
}

/** A resource's name, and the names of others that it leads to. */
function readResource(
  bytes: Buffer,
  start: number,
  end: number,
  typeUrl: string,
): readonly [string, readonly string[]] {
  const resource = resourceReader.open(bytes, start, end);
  let [name, valueStart, valueEnd] = ['', 0, 0];
  while (resource.next()) {
    if (resource.field === 3) name = resource.text();
    else if (resource.field === 2) [valueStart, valueEnd] = [resource.start, resource.end];
  }
  if (typeUrl === CLUSTER_TYPE_URL) return [name, endpointsOf(anyValue(bytes, valueStart, valueEnd), name)];
  if (typeUrl === LISTENER_TYPE_URL) return [name, routesOf(anyValue(bytes, valueStart, valueEnd))];
  return [name, []];
}

/** The message in a google.protobuf.Any. */
function anyValue(bytes: Buffer, start: number, end: number): Buffer {
  const reader = new FieldReader().open(bytes, start, end);
  while (reader.next()) if (reader.field === 2) return bytes.subarray(reader.start, reader.end);
  return Buffer.alloc(0);
}

function subscriptionTo(typeUrl: string, names: readonly string[]): Buffer {
  return Buffer.concat([textField(2, typeUrl), ...names.map((name) => textField(3, name))]);
}

/** Under which name a cluster's endpoints are discovered: envoy.config.cluster.v3.Cluster type (2) and eds_cluster_config (3). */
function endpointsOf(cluster: Buffer, name: string): readonly string[] {
  const reader = new FieldReader().open(cluster);
  let isDiscovered = false;
  while (reader.next()) if (reader.field === 2) isDiscovered = reader.value === 3;
  if (!isDiscovered) return [];
  const [service] = textsAt(cluster, [3, 2]);
  return [service ?? name];
}

/** Routes that a listener names: filter_chains (3) and default_filter_chain (25), filters, typed_config, rds, route_config_name. */
function routesOf(listener: Buffer): readonly string[] {
  return [3, 25].flatMap((chains) => textsAt(listener, [chains, 3, 4, 2, 3, 2]));
}

/** Notes which changes a response brings: each changed resource has one marker, on its first endpoint. */
function noteMarkers(bytes: Buffer): void {
  for (let at = bytes.indexOf(MARKER_PREFIX); at >= 0; at = bytes.indexOf(MARKER_PREFIX, at + MARKER_LENGTH)) {
    const index = markerIndex(bytes.toString('latin1', at, at + MARKER_LENGTH));
    if (index === undefined) continue;
    const known = arrivals.get(index) ?? [];
    if (known.length === 0) arrivals.set(index, known);
    known.push(lastMessageMs);
    if (known.length === clients.length) progressed();
  }
}

function progressed(): void {
  if (waiter === undefined || !(problem !== undefined || waiter.done())) return;
  const { resolve } = waiter;
  waiter = undefined;
  resolve();
}

async function until(done: () => boolean): Promise<void> {
  if (problem === undefined && !done()) await new Promise<void>((resolve) => (waiter = { done, resolve }));
  if (problem !== undefined) throw new Error(problem);
}

async function quiet(ms: number): Promise<void> {
  const begin = sharedClockMs();
  for (;;) {
    const wait = Math.max(lastMessageMs, begin) + ms - sharedClockMs();
    if (wait <= 0) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

answerCommands({
  async open({ host, port, streams, workloads, expected, record }) {
    for (const client of clients) client.connection.close();
    problem = undefined;
    recorded = record === true ? [] : undefined;
    counted = { bytes: 0, responses: 0, resources: 0 };
    const beginMs = sharedClockMs();
    clients = Array.from(
      { length: Number(streams) },
      (_, index) =>
        new Sidecar(
          index,
          { host: String(host), port: Number(port) },
          expected as Record<string, number>,
          Number(workloads ?? 1),
        ),
    );
    await until(() => clients.every(({ syncedAtMs }) => syncedAtMs !== undefined));
    const syncMs = clients.map(({ syncedAtMs }) => (syncedAtMs as number) - beginMs);
    return {
      ...percentiles(syncMs),
      ...counted,
      wireBytes: clients.reduce((sum, one) => sum + one.connection.bytesRead, 0),
    };
  },
  mark() {
    arrivals.clear();
    counted = { bytes: 0, responses: 0, resources: 0 };
  },
  async endpoint({ index, sinceMs }) {
    await until(() => arrivals.get(Number(index))?.length === clients.length);
    const ages = (arrivals.get(Number(index)) ?? []).map((at) => at - Number(sinceMs));
    return { ...percentiles(ages), ages, ...counted };
  },
  async quiet({ ms }) {
    await quiet(Number(ms));
    return { ...counted };
  },
  staleness({ first, times }) {
    const ages: number[] = [];
    let missing = 0;
    (times as number[]).forEach((time, offset) => {
      const arrived = arrivals.get(Number(first) + offset) ?? [];
      missing += clients.length - arrived.length;
      for (const at of arrived) ages.push(at - time);
    });
    ages.sort((a, b) => a - b);
    return {
      p50Ms: percentile(ages, 0.5),
      p99Ms: percentile(ages, 0.99),
      maxMs: ages.at(-1) ?? 0,
      samples: ages.length,
      missing,
      ...counted,
    };
  },
  recorded: () => {
    const messages = recorded ?? [];
    recorded = recorded === undefined ? undefined : [];
    return { messages };
  },
  close() {
    for (const client of clients) client.connection.close();
    clients = [];
  },
});
