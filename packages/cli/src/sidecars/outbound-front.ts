import { createServer, connect as openConnection, type Server, type Socket } from 'node:net';

/** Longest head of a CONNECT request; clients send a line and a header or two. */
const MAX_HEAD_BYTES = 16 * 1024;
/** How long a client may take to say what it wants. */
const HEAD_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 1024;
const CONNECT = 'CONNECT ';

export interface OutboundFrontOptions {
  /** Loopback address to listen on, and on which the sidecar's listeners are bound. */
  readonly address: string;
  /** Where the sidecar's listener of a service port is bound; undefined when no service has the port. */
  readonly boundPort: (servicePort: number) => number | undefined;
  /** Where the sidecar's HTTP proxy listener is bound: it takes requests that name their host themselves. */
  readonly httpProxyPort: () => number;
}

/** What a workload has as HTTP_PROXY. */
export interface OutboundFront {
  readonly port: number;
  close(): void;
}

/**
 * Opens the door by which a local process calls through its sidecar: an HTTP proxy that only passes bytes on.
 *
 *     CONNECT reviews:9080    → the sidecar's listener of port 9080, whatever is spoken then: HTTP/1.1, HTTP/2, bytes of its own
 *     GET http://reviews/ …   → the sidecar's HTTP proxy listener, which routes by the host in each request
 *
 * Clients differ in which of the two they use for plain HTTP (Node's fetch and gRPC's libraries the first, Node's http, curl and
 * Python the second). Envoy would have to terminate CONNECT itself and loop back into its own routes; here the requests inside
 * are matched by the same listener that redirected connections reach in a cluster.
 */
export async function openOutboundFront(options: OutboundFrontOptions): Promise<OutboundFront> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    readHead(client, options);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, options.address);
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('Cannot tell where the outbound front listens');
  return {
    port: bound.port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port: 0 }, resolve);
  });
}

/** Reads as much as tells the two kinds of clients apart, and for CONNECT the whole head. */
function readHead(client: Socket, options: OutboundFrontOptions): void {
  let head = Buffer.alloc(0);
  client.setTimeout(HEAD_TIMEOUT_MS, () => client.destroy());
  client.on('error', () => client.destroy());
  const onData = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const begin = head.toString('latin1', 0, CONNECT.length);
    if (!CONNECT.startsWith(begin)) return proceed(options.httpProxyPort(), head, false);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) {
      if (head.length > MAX_HEAD_BYTES) refuse(client, 431, 'Request Header Fields Too Large', 'the head is too long');
      return;
    }
    const wanted = parseTarget(head.toString('latin1', 0, head.indexOf('\r\n')));
    if (wanted === undefined) return refuse(client, 400, 'Bad Request', 'wanted CONNECT HOST:PORT');
    const port = options.boundPort(wanted.port);
    if (port === undefined)
      return refuse(client, 502, 'Bad Gateway', `no service of the mesh has port ${wanted.port} ("${wanted.host}")`);
    proceed(port, head.subarray(end + 4), true);
  };
  const proceed = (port: number, first: Buffer, answer: boolean) => {
    client.off('data', onData);
    client.pause();
    client.setTimeout(0);
    passOn(client, { port, host: options.address }, first, answer);
  };
  client.on('data', onData);
  client.once('end', () => {
    if (client.listeners('data').includes(onData)) client.destroy();
  });
}

/** `CONNECT reviews:9080 HTTP/1.1` → reviews, 9080. */
function parseTarget(line: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^CONNECT (\S{1,300}):(\d{1,5}) HTTP\/1\.[01]$/.exec(line);
  return match?.[1] === undefined ? undefined : { host: match[1], port: Number(match[2]) };
}

function passOn(
  client: Socket,
  target: { readonly host: string; readonly port: number },
  first: Buffer,
  answer: boolean,
): void {
  const sidecar = openConnection({ ...target, allowHalfOpen: true, noDelay: true });
  let connected = false;
  sidecar.once('connect', () => {
    connected = true;
    if (answer) client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (first.length > 0) sidecar.write(first);
    client.pipe(sidecar);
    sidecar.pipe(client);
  });
  sidecar.once('error', () => {
    if (connected) client.destroy();
    else refuse(client, 503, 'Service Unavailable', 'the sidecar does not serve this port');
  });
  client.once('close', () => sidecar.destroy());
  sidecar.once('close', () => {
    // Without an error both directions have ended in order.
    if (sidecar.errored !== null && connected) client.destroy();
  });
}

function refuse(client: Socket, status: number, reason: string, text: string): void {
  client.removeAllListeners('data');
  client.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: text/plain\r\ncontent-length: ${text.length + 1}\r\nconnection: close\r\n\r\n${text}\n`,
  );
  client.resume();
}
