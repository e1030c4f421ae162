import { connect, type Socket } from 'node:net';
import type { TcpKeepAlive, UpstreamAddress, UpstreamPoolOptions } from '../upstream-transport.ts';
import { openTlsSocket } from './tls-socket.ts';

/** A connection to an endpoint in the making. */
export interface UpstreamSocket {
  readonly socket: Socket;
  /** The event of `socket` after which requests may be written: that of a handshake, where there is one. */
  readonly readyEvent: 'connect' | 'secureConnect';
}

/** Starts to connect to an endpoint as its cluster asks; all protocols come by their connections here. */
export function openUpstreamSocket(address: UpstreamAddress, options: UpstreamPoolOptions): UpstreamSocket {
  const { tls, serverName = '', protocol } = options;
  const socket =
    tls === undefined
      ? connect({ host: address.host, port: address.port, noDelay: true })
      : openTlsSocket(address, tls, serverName, protocol === 'http2');
  if (options.tcpKeepAlive !== undefined) keepAlive(socket, options.tcpKeepAlive);
  return { socket, readyEvent: tls === undefined ? 'connect' : 'secureConnect' };
}

/** Probes and their interval are set where the runtime can (Node from 24.19); elsewhere they are the operating system's. */
function keepAlive(socket: Socket, { idleSeconds, intervalSeconds, probes }: TcpKeepAlive): void {
  const idleMs = (idleSeconds ?? 0) * 1000;
  if (intervalSeconds === undefined && probes === undefined) socket.setKeepAlive(true, idleMs);
  // Left out, Node sets a second and ten probes; Linux's own are 75 s and nine.
  else socket.setKeepAlive(true, idleMs, (intervalSeconds ?? 75) * 1000, probes ?? 9);
}
