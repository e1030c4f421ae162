import type { StreamStatus, SubscriptionStatus } from '@heddle/discovery';
import { formatFieldPath, formatPosition, formatRef } from '@heddle/model';
import { proxyName } from './proxy-lookup.ts';
import { formatOrigin, type Rejection } from './rejections.ts';

/** How far one proxy is for one type, as `istioctl proxy-status` words it. */
export type TypeSync = 'SYNCED' | 'STALE' | 'NOT SENT' | 'ERROR';

/** How far one proxy is for one type, and why. Times are RFC 3339. */
export interface TypeSyncDetail {
  readonly status: TypeSync;
  /** When the last response was sent, and when the last one was acknowledged. */
  readonly sent_at?: string;
  readonly acked_at?: string;
  /** When a response was refused last. */
  readonly rejected_at?: string;
  /** What the proxy refused and has not been replaced since, with what made it. */
  readonly rejected: readonly RejectedResource[];
  /** What is due and waits until something else is acknowledged. */
  readonly held_back: readonly { readonly name: string; readonly reason: string; readonly since: string }[];
}

export interface RejectedResource {
  readonly name: string;
  /** The proxy's words. */
  readonly message: string;
  /** `VirtualService shop/cart`. */
  readonly object?: string;
  /** `spec.http[0]`; absent for the object as a whole. */
  readonly field?: string;
  /** `FILE:LINE:COLUMN`. */
  readonly position?: string;
}

/**
 * One entry of `/debug/syncz`: istiod's fields (`proxy`, `cluster_id`, `istio_version`, `TYPE_sent` and `TYPE_acked` nonces), and beside
 * them what they mean.
 */
export interface ProxySyncStatus {
  /** `NAME.NAMESPACE`. */
  readonly proxy: string;
  readonly proxy_type: string;
  /** As the proxy names itself: `envoy/1.40.1`. */
  readonly proxy_version?: string;
  readonly istio_version?: string;
  readonly cluster_id?: string;
  readonly node_id: string;
  readonly connected_at: string;
  readonly [nonce: `${string}_sent` | `${string}_acked`]: string;
  readonly status: Readonly<Record<string, TypeSync>>;
  readonly types: Readonly<Record<string, TypeSyncDetail>>;
  /** What the proxy rejected and goes without, or what is held back from it, in words. */
  readonly problems: readonly string[];
}

/** istiod's names for the types in `/debug/syncz`. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  CDS: 'cluster',
  LDS: 'listener',
  RDS: 'route',
  EDS: 'endpoint',
  ECDS: 'extensionconfig',
};

/** The status of one stream, or undefined before its proxy said who it is. */
export function proxySyncStatus(
  stream: StreamStatus,
  rejections: readonly Rejection[] = [],
): ProxySyncStatus | undefined {
  const { nodeId, proxy, client } = stream;
  if (nodeId === undefined) return undefined;
  const nonces: Record<`${string}_sent` | `${string}_acked`, string> = {};
  for (const type of stream.types) {
    const name = TYPE_NAMES[type.label];
    if (name === undefined) continue;
    nonces[`${name}_sent`] = type.lastSentNonce ?? '';
    nonces[`${name}_acked`] = type.lastAckedNonce ?? '';
  }
  return {
    proxy: proxyName(nodeId),
    proxy_type: proxy?.type ?? '',
    ...(client?.userAgent === undefined ? {} : { proxy_version: client.userAgent }),
    ...(client?.istioVersion === undefined ? {} : { istio_version: client.istioVersion }),
    ...(client?.clusterId === undefined ? {} : { cluster_id: client.clusterId }),
    node_id: nodeId,
    connected_at: timestamp(stream.connectedAtMs),
    ...nonces,
    status: Object.fromEntries(stream.types.map((type) => [type.label, typeSync(type)])),
    types: Object.fromEntries(
      stream.types.map((type) => [
        type.label,
        typeDetail(
          type,
          rejections.filter(({ typeUrl }) => typeUrl === type.typeUrl),
        ),
      ]),
    ),
    problems: [
      ...rejections.map(
        ({ label, name, message, origin }) =>
          `rejected ${label} "${name}"${origin === undefined ? '' : ` (${formatOrigin(origin)})`}: ${message}`,
      ),
      ...stream.types.flatMap(({ label, heldBack }) =>
        heldBack.map(({ name, reason }) => `${label} "${name}" is held back: ${reason}`),
      ),
    ],
  };
}

function typeDetail(type: SubscriptionStatus, rejections: readonly Rejection[]): TypeSyncDetail {
  return {
    status: typeSync(type),
    ...(type.lastSentAtMs === undefined ? {} : { sent_at: timestamp(type.lastSentAtMs) }),
    ...(type.lastAckedAtMs === undefined ? {} : { acked_at: timestamp(type.lastAckedAtMs) }),
    ...(type.lastNack === undefined ? {} : { rejected_at: timestamp(type.lastNack.atMs) }),
    rejected: rejections.map(rejectedResource),
    held_back: type.heldBack.map(({ name, reason, sinceMs }) => ({ name, reason, since: timestamp(sinceMs) })),
  };
}

function rejectedResource({ name, message, origin }: Rejection): RejectedResource {
  if (origin === undefined) return { name, message };
  const { resource, path, range } = origin;
  return {
    name,
    message,
    object: formatRef(resource),
    ...(path.length === 0 ? {} : { field: formatFieldPath(path) }),
    ...(range === undefined ? {} : { position: formatPosition(range) }),
  };
}

function typeSync(type: SubscriptionStatus): TypeSync {
  if (type.rejected.length > 0) return 'ERROR';
  if (type.lastSentNonce === undefined) return 'NOT SENT';
  return type.settled ? 'SYNCED' : 'STALE';
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
