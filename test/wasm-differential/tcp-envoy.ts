import net, { type AddressInfo } from 'node:net';
import type { TcpCase, TcpOutcome } from './tcp-cases.ts';
import { byVm, parseLine, untilOver } from './transcript.ts';

/** An upstream of connections. */
export interface TcpPeer {
  readonly port: number;
  /** The connection that came last; undefined if none came since it was last asked for `forget`. */
  current(): { readonly socket: net.Socket; readonly got: () => string } | undefined;
  forget(): void;
  close(): Promise<void>;
}

/** How long the last line of a step may be behind the one before it. */
const QUIET_MS = 20;
const LONGEST_DELAY_MS = 150;

/** Starts the upstream on a free port. */
export async function startTcpPeer(): Promise<TcpPeer> {
  let current: ReturnType<TcpPeer['current']>;
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    current = { socket, got: collect(socket) };
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    current: () => current,
    forget: () => {
      current = undefined;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Runs a case through Envoy's listener at a port; `lines` is what the probe has said so far. */
export async function runTcpInEnvoy(
  { steps }: TcpCase,
  port: number,
  peer: TcpPeer,
  lines: readonly string[],
): Promise<TcpOutcome> {
  const from = lines.length;
  const said = () => lines.slice(from);
  const settled = () => untilOver(said, () => true, { timeoutMs: 1500, quietMs: QUIET_MS });
  /** On a busy machine it takes its time until a step begins to have effects; some have none. */
  const begun = async (hasBegun: () => boolean) => {
    for (let waited = 0; !hasBegun() && waited < LONGEST_DELAY_MS; waited += 5) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  peer.forget();
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const got = collect(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  await begun(() => said().length > 0);
  await settled();
  for (const step of steps) {
    const count = said().length;
    if ('upstream' in step) await begun(() => peer.current() !== undefined);
    const side = 'client' in step ? socket : peer.current()?.socket;
    const action = 'client' in step ? step.client : step.upstream;
    if (action === 'end') side?.end();
    else side?.write(Buffer.from(step.text ?? '', 'latin1'));
    await begun(() => said().length > count);
    await settled();
  }
  const hasClientEnded = steps.some((step) => 'client' in step && step.client === 'end');
  const isDeleted = () => said().some((line) => parseLine(line)?.callback === 'delete');
  const hasUpstreamEnded = steps.some((step) => 'upstream' in step && step.upstream === 'end');
  if (hasClientEnded && hasUpstreamEnded) await begun(isDeleted);
  const isOver = isDeleted();
  if (!isOver) {
    if (hasClientEnded) peer.current()?.socket.end();
    else socket.resetAndDestroy();
  }
  await untilOver(said, isDeleted, { timeoutMs: 1500, quietMs: QUIET_MS });
  const all = said();
  const vm = all.map(parseLine).find((line) => line?.callback === 'new_connection')?.vm;
  socket.destroy();
  const upstream = peer.current();
  upstream?.socket.destroy();
  return { lines: byVm(all).get(vm ?? '') ?? [], client: got(), upstream: upstream?.got() ?? '', isOver };
}

function collect(socket: net.Socket): () => string {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A reset is one way to end.
  socket.on('error', () => {});
  return () => Buffer.concat(chunks).toString('latin1');
}
