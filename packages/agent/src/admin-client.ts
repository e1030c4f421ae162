import { request } from 'node:http';
import type { JsonObject } from '@bufbuild/protobuf';
import { fromJsonString } from '@bufbuild/protobuf';
import {
  type Clusters,
  ClustersSchema,
  type Listeners,
  ListenersSchema,
  type ServerInfo,
  ServerInfo_State,
  ServerInfoSchema,
} from '@heddle/envoy-api/admin';
import { AgentError } from './agent-error.ts';

/** Where an admin interface listens. */
export type AdminAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** What a request to the admin interface was answered with. */
export interface AdminResponse {
  readonly status: number;
  readonly body: string;
}

/**
 * A client of Envoy's admin interface. Every method but `request` and `isReady` throws an AgentError `admin-failed` when Envoy
 * does not answer within the time limit, or not with 200.
 *
 * See the Envoy documentation, "Administration interface".
 */
export interface AdminClient {
  readonly address: AdminAddress;
  /** Any path; resolves whatever the status. */
  request(method: 'GET' | 'POST', path: string): Promise<AdminResponse>;
  /** Whether `/ready` says LIVE. False while Envoy initializes, drains, or does not answer. */
  isReady(): Promise<boolean>;
  /** `/server_info`; `state` is LIVE, DRAINING, PRE_INITIALIZING or INITIALIZING. */
  serverInfo(): Promise<ServerInfo>;
  /** `/config_dump`, as JSON: it may hold extensions that only this Envoy knows. */
  configDump(options?: {
    readonly resource?: string;
    readonly mask?: string;
    readonly includeEds?: boolean;
  }): Promise<JsonObject>;
  /** `/listeners`: names and the addresses that are bound. */
  listeners(): Promise<Listeners>;
  /** `/clusters`: endpoints, their health and counters. */
  clusters(): Promise<Clusters>;
  /** Counters and gauges by name, restricted to those whose name matches a regular expression (RE2). */
  stats(filter?: string): Promise<ReadonlyMap<string, number>>;
  /**
   * Starts a graceful drain: the state becomes DRAINING and `/ready` fails, HTTP/1.1 connections are closed after their next
   * response, HTTP/2 ones get a GOAWAY; listeners go on accepting, so that clients which do not know yet are served.
   */
  drain(): Promise<void>;
}

/** Makes a client for an admin interface. */
export function createAdminClient(address: AdminAddress, options: { readonly timeoutMs?: number } = {}): AdminClient {
  const timeoutMs = options.timeoutMs ?? 5_000;
  const send = (method: 'GET' | 'POST', path: string) => sendRequest(address, method, path, timeoutMs);
  const body = async (method: 'GET' | 'POST', path: string): Promise<string> => {
    const response = await send(method, path);
    if (response.status === 200) return response.body;
    const found = `${response.status} ${response.body.trim().slice(0, 200)}`;
    throw new AgentError(
      'admin-failed',
      `Cannot ${method} "${path}" from Envoy's admin interface: found ${found}, wanted 200`,
    );
  };
  const ignoreUnknownFields = true;
  return {
    address,
    request: send,
    isReady: () =>
      send('GET', '/ready').then(
        ({ status }) => status === 200,
        () => false,
      ),
    serverInfo: async () =>
      fromJsonString(ServerInfoSchema, await body('GET', '/server_info'), { ignoreUnknownFields }),
    configDump: async ({ resource, mask, includeEds } = {}) => {
      const query = new URLSearchParams({
        ...(resource === undefined ? {} : { resource }),
        ...(mask === undefined ? {} : { mask }),
        ...(includeEds ? { include_eds: '' } : {}),
      });
      return JSON.parse(await body('GET', query.size === 0 ? '/config_dump' : `/config_dump?${query}`)) as JsonObject;
    },
    listeners: async () =>
      fromJsonString(ListenersSchema, await body('GET', '/listeners?format=json'), { ignoreUnknownFields }),
    clusters: async () =>
      fromJsonString(ClustersSchema, await body('GET', '/clusters?format=json'), { ignoreUnknownFields }),
    stats: async (filter) => {
      const query = filter === undefined ? '' : `?${new URLSearchParams({ filter })}`;
      const stats = new Map<string, number>();
      for (const line of (await body('GET', `/stats${query}`)).split('\n')) {
        const colon = line.lastIndexOf(': ');
        // Histograms and text readouts follow the numbers; theirs are no numbers.
        const value = colon === -1 ? '' : line.slice(colon + 2);
        if (/^-?\d+$/.test(value)) stats.set(line.slice(0, colon), Number(value));
      }
      return stats;
    },
    drain: async () => {
      // Without this Envoy closes connections with a probability that grows over --drain-time-s, ten minutes.
      await body('POST', '/healthcheck/fail');
      await body('POST', '/drain_listeners?graceful&skip_exit');
    },
  };
}

/** A server's state in words: `LIVE`. */
export function describeState(info: ServerInfo): string {
  return ServerInfo_State[info.state] ?? String(info.state);
}

/** Not fetch: an admin interface may listen on a Unix socket, which fetch cannot be told portably. */
function sendRequest(address: AdminAddress, method: string, path: string, timeoutMs: number): Promise<AdminResponse> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      const where = 'path' in address ? address.path : `${address.host}:${address.port}`;
      const message = `Cannot ${method} "${path}" from Envoy's admin interface at "${where}": ${cause.message}`;
      reject(new AgentError('admin-failed', message, { cause }));
    };
    const target = 'path' in address ? { socketPath: address.path } : { host: address.host, port: address.port };
    // A connection of its own for each request: a pooled one would keep a drained Envoy, or this process, waiting.
    const sent = request(
      { ...target, method, path, agent: false, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    sent.on('error', fail);
    sent.end();
  });
}
