import type { StreamStatus, SubscriptionStatus } from '@heddle/discovery';
import { parseNodeId } from '@heddle/model';

/** How far one proxy is for one type, as `istioctl proxy-status` words it. */
export type TypeSync = 'SYNCED' | 'STALE' | 'NOT SENT' | 'ERROR';

/**
 * One entry of `/debug/syncz`: istiod's fields (`proxy`, `TYPE_sent` and `TYPE_acked` nonces), and beside them what they mean.
 */
export interface ProxySyncStatus {
  /** `NAME.NAMESPACE`. */
  readonly proxy: string;
  readonly proxy_type: string;
  readonly node_id: string;
  readonly connected_at: string;
  readonly [nonce: `${string}_sent` | `${string}_acked`]: string;
  readonly status: Readonly<Record<string, TypeSync>>;
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
export function proxySyncStatus(stream: StreamStatus): ProxySyncStatus | undefined {
  if (stream.nodeId === undefined) return undefined;
  const node = parseNodeId(stream.nodeId);
  const nonces: Record<`${string}_sent` | `${string}_acked`, string> = {};
  for (const type of stream.types) {
    const name = TYPE_NAMES[type.label];
    if (name === undefined) continue;
    nonces[`${name}_sent`] = type.lastSentNonce ?? '';
    nonces[`${name}_acked`] = type.lastAckedNonce ?? '';
  }
  return {
    proxy: 'problem' in node ? stream.nodeId : `${node.name}.${node.namespace}`,
    proxy_type: 'problem' in node ? '' : node.type,
    node_id: stream.nodeId,
    connected_at: new Date(stream.connectedAtMs).toISOString(),
    ...nonces,
    status: Object.fromEntries(stream.types.map((type) => [type.label, typeSync(type)])),
    problems: stream.types.flatMap((type) => [
      ...type.rejected.map(({ name, message }) => `rejected ${type.label} "${name}": ${message}`),
      ...type.heldBack.map(({ name, reason }) => `${type.label} "${name}" is held back: ${reason}`),
    ]),
  };
}

function typeSync(type: SubscriptionStatus): TypeSync {
  if (type.rejected.length > 0) return 'ERROR';
  if (type.lastSentNonce === undefined) return 'NOT SENT';
  return type.settled ? 'SYNCED' : 'STALE';
}
