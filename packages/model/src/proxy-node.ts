/** What kind of proxy speaks: `sidecar` beside one workload, `router` for gateways (Istio's node types). */
export type ProxyType = 'sidecar' | 'router';

/** Who a data plane says it is: `envoy.config.core.v3.Node` in Istio's conventions. */
export interface ProxyNode {
  /** The whole node id: `sidecar~10.0.0.1~cart-1.shop~shop.svc.cluster.local`. */
  readonly id: string;
  readonly type: ProxyType;
  readonly ip: string;
  /** Workload (pod) name. */
  readonly name: string;
  readonly namespace: string;
  /** DNS search domain: `shop.svc.cluster.local`. */
  readonly dnsDomain: string;
  /** Labels of the workload: metadata `LABELS`. */
  readonly labels: Readonly<Record<string, string>>;
  /** How listeners are bound, from metadata `HEDDLE_BIND`; see {@link ListenerBinding}. */
  readonly binding?: ListenerBinding;
  /** Which implementation speaks and what it can do. */
  readonly capabilities: ProxyCapabilities;
}

/**
 * Where a proxy binds its listeners when it cannot, or should not, take the addresses and ports that the configuration names: a
 * laptop without root serves port 80 on 127.0.0.1:8080. Names, route names and matching keep the configured ports.
 */
export interface ListenerBinding {
  /** IP address to bind instead of `0.0.0.0`. */
  readonly address: string;
  /** Configured port (decimal) to bound port; ports not listed are bound as configured. */
  readonly ports: Readonly<Record<string, number>>;
}

/** What a data plane can be sent. Unknown Envoy versions count as the oldest supported one. */
export type ProxyCapabilities =
  | {
      readonly dataPlane: 'envoy';
      readonly minor: number;
      /** Set for a binary that was built without a runtime for WebAssembly, as some are. */
      readonly withoutWasm?: true;
    }
  | { readonly dataPlane: 'heddle'; readonly features: readonly string[] };

/** The oldest and newest supported Envoy, as minor versions of 1.x. */
export const SUPPORTED_ENVOY_MINORS: { readonly oldest: number; readonly newest: number } = { oldest: 36, newest: 40 };

/** Builds a node id; see {@link parseNodeId} for the grammar. */
export function nodeId(node: Pick<ProxyNode, 'type' | 'ip' | 'name' | 'namespace' | 'dnsDomain'>): string {
  return `${node.type}~${node.ip}~${node.name}.${node.namespace}~${node.dnsDomain}`;
}

/**
 * Parses `TYPE~IP~NAME.NAMESPACE~DNS_DOMAIN` (Istio's node id). Returns a sentence saying what was wanted when it does not parse.
 */
export function parseNodeId(
  id: string,
): Pick<ProxyNode, 'type' | 'ip' | 'name' | 'namespace' | 'dnsDomain'> | { readonly problem: string } {
  const parts = id.split('~');
  const [type, ip, workload, dnsDomain] = parts;
  if (parts.length !== 4 || ip === undefined || workload === undefined || dnsDomain === undefined) {
    return { problem: `node id "${id}" has ${parts.length} parts, wanted TYPE~IP~NAME.NAMESPACE~DNS_DOMAIN` };
  }
  if (type !== 'sidecar' && type !== 'router') {
    return { problem: `node id "${id}" has type "${type}", wanted sidecar or router` };
  }
  const dot = workload.lastIndexOf('.');
  if (dot <= 0 || dot === workload.length - 1) {
    return { problem: `node id "${id}" names workload "${workload}", wanted NAME.NAMESPACE` };
  }
  return { type, ip, name: workload.slice(0, dot), namespace: workload.slice(dot + 1), dnsDomain };
}
