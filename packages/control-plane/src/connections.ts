import type { StreamStatus } from '@heddle/discovery';
import { compareText } from '@heddle/model';
import { proxyName } from './proxy-lookup.ts';

/** One connected client, in the shape of istiod's `AdsClient`. */
export interface AdsClient {
  /** `NAME.NAMESPACE-PEER`. */
  readonly connectionId: string;
  /** RFC 3339. */
  readonly connectedAt: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>> | null;
  /** Names subscribed to, by type URL; `*` where everything is. */
  readonly watches?: Readonly<Record<string, readonly string[]>>;
}

/** Connected clients, in the shape of istiod's `/debug/connections` and `/debug/adsz`. */
export interface AdsClients {
  readonly totalClients: number;
  readonly clients: readonly AdsClient[];
}

/** Who is connected. Streams whose client has not said yet who it is are counted under their peer's address. */
export function connections(streams: readonly StreamStatus[]): AdsClients {
  return listed(streams, (stream) => ({ ...identity(stream), labels: null }));
}

/** Who is connected and what each is subscribed to. */
export function subscriptions(streams: readonly StreamStatus[]): AdsClients {
  return listed(streams, (stream) => ({
    ...identity(stream),
    labels: stream.proxy?.labels ?? {},
    watches: Object.fromEntries(
      stream.types.map(({ typeUrl, wildcard, names }) => [typeUrl, [...(wildcard ? ['*'] : []), ...names].sort()]),
    ),
  }));
}

function listed(streams: readonly StreamStatus[], describe: (stream: StreamStatus) => AdsClient): AdsClients {
  const clients = streams.map(describe).sort((a, b) => compareText(a.connectionId, b.connectionId));
  return { totalClients: clients.length, clients };
}

function identity(stream: StreamStatus): Pick<AdsClient, 'connectionId' | 'connectedAt' | 'address'> {
  const { nodeId, peer, connectedAtMs } = stream;
  return {
    connectionId: nodeId === undefined ? peer : `${proxyName(nodeId)}-${peer}`,
    connectedAt: new Date(connectedAtMs).toISOString(),
    address: peer,
  };
}
