/**
 * The generated names, which people's scripts, Kiali and Grafana parse: Istio's, exactly.
 *
 *     cluster          outbound|PORT|SUBSET|HOST     inbound|PORT||     BlackHoleCluster     PassthroughCluster
 *     listener         ADDRESS_PORT (0.0.0.0_80)     virtualOutbound    virtualInbound
 *     route config     sidecar PORT                  gateway http.PORT            http_proxy
 *                                                    gateway https.PORT.PORT_NAME.GATEWAY.NAMESPACE
 *     virtual host     HOST:PORT                     allow_any          block_all
 *     plugin           extensions.istio.io/wasmplugin/NAMESPACE.NAME
 */

/** The parts of a service cluster's name. */
export interface ClusterName {
  readonly direction: 'outbound' | 'inbound';
  readonly port: number;
  /** Empty for the whole service. */
  readonly subset: string;
  /** Fully qualified host; empty for inbound clusters. */
  readonly host: string;
}

/** `outbound|80|v1|cart.shop.svc.cluster.local`. */
export function clusterName(name: ClusterName): string {
  return `${name.direction}|${name.port}|${name.subset}|${name.host}`;
}

/** The parts of a cluster name built by {@link clusterName}, or undefined for any other name. */
export function parseClusterName(text: string): ClusterName | undefined {
  const parts = text.split('|');
  const [direction, port, subset, host] = parts;
  if (parts.length !== 4 || port === undefined || subset === undefined || host === undefined) return undefined;
  if ((direction !== 'outbound' && direction !== 'inbound') || !/^\d{1,5}$/.test(port)) return undefined;
  return { direction, port: Number(port), subset, host };
}

/** Traffic that must not leave the mesh ends here. */
export const BLACK_HOLE_CLUSTER = 'BlackHoleCluster';
/** Traffic to its original destination, unmanaged. */
export const PASSTHROUGH_CLUSTER = 'PassthroughCluster';
/** Inbound traffic to ports of no service. */
export const INBOUND_PASSTHROUGH_CLUSTER = 'InboundPassthroughCluster';
export const VIRTUAL_OUTBOUND_LISTENER = 'virtualOutbound';
export const VIRTUAL_INBOUND_LISTENER = 'virtualInbound';
/** Virtual host for hosts the mesh does not know, where outbound traffic is allowed. */
export const ALLOW_ANY_VIRTUAL_HOST = 'allow_any';
/** Virtual host for hosts the mesh does not know, where it is refused (502). */
export const BLOCK_ALL_VIRTUAL_HOST = 'block_all';

/** `0.0.0.0_80`: the configured address and port, whatever is really bound. */
export function listenerName(address: string, port: number): string {
  return `${address}_${port}`;
}

/** Route configuration of a gateway's plain HTTP port: `http.80`, or `http.80.BIND` for a server bound to one address. */
export function gatewayRouteName(port: number, bind?: string): string {
  return bind === undefined ? `http.${port}` : `http.${port}.${bind}`;
}

/** Route configuration of a server that ends HTTPS: `https.443.PORT_NAME.GATEWAY.NAMESPACE`. */
export function gatewayHttpsRouteName(port: number, portName: string, gateway: string, namespace: string): string {
  return `https.${port}.${portName}.${gateway}.${namespace}`;
}

/** Route configuration of a sidecar's outbound HTTP port: the port itself. */
export function sidecarRouteName(port: number): string {
  return String(port);
}

/** Route configuration of a service whose port's protocol is found out at an address of its own: `cart.shop.svc.cluster.local:80`. */
export function sniffedRouteName(host: string, port: number): string {
  return `${host}:${port}`;
}

/** Route configuration of a sidecar's HTTP proxy port (MeshConfig `proxyHttpPort`). */
export const HTTP_PROXY_ROUTE = 'http_proxy';

/** `cart.shop.svc.cluster.local:80`. */
export function virtualHostName(host: string, port: number): string {
  return `${host}:${port}`;
}

/** The filter, and its configuration by ECDS, that a WasmPlugin makes: `extensions.istio.io/wasmplugin/shop.api-key`. */
export function wasmPluginName(namespace: string, name: string): string {
  return `${WASM_PLUGIN_PREFIX}${namespace}.${name}`;
}

/** What the name of a filter begins with that a WasmPlugin makes. */
export const WASM_PLUGIN_PREFIX = 'extensions.istio.io/wasmplugin/';
