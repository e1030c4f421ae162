/**
 * The floor: what any server must spend to put the same bytes on the same streams. It writes recorded messages to every gRPC stream
 * on node:http2 and reads what comes back, and knows neither subscriptions nor versions. The one thing it keeps per stream is which
 * changes it was sent, so that under a steady rate it may merge those that happen between two acknowledgements.
 *
 * Commands as those of server-process.ts; `start` {recording} names a file.
 */
import { readFileSync } from 'node:fs';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { answerCommands, sharedClockMs } from './child-process.ts';
import { markerAddress, serviceName } from './mesh.ts';
import { onSchedule } from './schedule.ts';

/** Messages as a server of ours sent them, base64. */
export interface Recording {
  readonly expected: Readonly<Record<string, number>>;
  /** First sync of one stream. */
  readonly sync: readonly string[];
  /** One changed endpoint. */
  readonly change: string;
  readonly changeIndex: number;
  readonly services: number;
}

let recording: Recording;
let recordedChange: Buffer;
let syncFrames: readonly Buffer[] = [];
const changes: Buffer[] = [];
/** Changes sent in one message, by first and number: most streams get the same. */
const merged = new Map<string, Buffer>();

interface Peer {
  readonly stream: ServerHttp2Stream;
  sent: number;
  awaits: boolean;
}

const peers: Peer[] = [];

function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The recorded change made another one, by bytes of the same length. */
function changeOf(index: number): Buffer {
  const from = [markerAddress(recording.changeIndex), serviceName(recording.changeIndex % recording.services)];
  const to = [markerAddress(index), serviceName(index % recording.services)];
  const message = Buffer.from(recordedChange);
  from.forEach((text, which) => {
    for (let at = message.indexOf(text); at >= 0; at = message.indexOf(text, at + 1))
      message.write(to[which] as string, at);
  });
  return message;
}

async function serve(stream: ServerHttp2Stream): Promise<void> {
  const peer: Peer = { stream, sent: changes.length, awaits: false };
  stream.on('error', () => {});
  stream.on('data', () => {
    peer.awaits = false;
    push(peer);
  });
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' });
  for (const bytes of syncFrames) {
    if (stream.write(bytes)) continue;
    await new Promise((resolve) => stream.once('drain', resolve));
  }
  peers.push(peer);
}

function push(peer: Peer): void {
  if (peer.awaits || peer.sent === changes.length || peer.stream.destroyed) return;
  const key = `${peer.sent} ${changes.length}`;
  let bytes = merged.get(key);
  if (bytes === undefined) {
    bytes = frame(Buffer.concat(changes.slice(peer.sent)));
    if (merged.size > 1_000) merged.clear();
    merged.set(key, bytes);
  }
  peer.sent = changes.length;
  peer.awaits = true;
  peer.stream.write(bytes);
}

answerCommands({
  async start({ recording: file }) {
    recording = JSON.parse(readFileSync(String(file), 'utf8'));
    recordedChange = Buffer.from(recording.change, 'base64');
    syncFrames = recording.sync.map((message) => frame(Buffer.from(message, 'base64')));
    const http = createServer();
    http.on('stream', (stream) => void serve(stream));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return { host: '127.0.0.1', port: (http.address() as AddressInfo).port };
  },
  compile: () => ({ expected: recording.expected }),
  endpoint({ index }) {
    const sinceMs = sharedClockMs();
    changes.push(changeOf(Number(index)));
    for (const peer of peers) push(peer);
    return { sinceMs, appliedMs: sharedClockMs() - sinceMs };
  },
  annotate: () => ({ sinceMs: sharedClockMs(), appliedMs: 0 }),
  rate: ({ first, perSecond, seconds }) =>
    onSchedule(Number(perSecond), Number(seconds), (from, to) => {
      for (let number = from; number < to; number++) changes.push(changeOf(Number(first) + number));
      for (const peer of peers) push(peer);
    }),
  settled() {},
});
