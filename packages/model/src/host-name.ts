/**
 * Host names in Istio's configuration: exact (`shop.example.com`), wildcard (`*.example.com`, `*`), or a Kubernetes service's short
 * name. All comparisons are on lower-case text.
 */

/** The DNS domain of the cluster's services. */
export type ClusterDomain = string;

export function isWildcardHost(host: string): boolean {
  return host.startsWith('*');
}

/** Every host that `inner` stands for is also one that `outer` stands for. */
export function hostIsWithin(inner: string, outer: string): boolean {
  if (isWildcardHost(inner)) {
    return isWildcardHost(outer) && inner.length >= outer.length && inner.slice(1).endsWith(outer.slice(1));
  }
  return isWildcardHost(outer) ? inner.endsWith(outer.slice(1)) : inner === outer;
}

/** The narrower of two hosts of which one contains the other, or undefined if they have no host in common. */
export function narrowerHost(a: string, b: string): string | undefined {
  if (hostIsWithin(a, b)) return a;
  return hostIsWithin(b, a) ? b : undefined;
}

/**
 * A host as configuration refers to it, in full: a name without dots is a service in the object's own namespace. IP addresses,
 * wildcards and names with dots are complete. Follows Istio's `ResolveShortnameToFQDN`: `reviews.prod` is not completed.
 */
export function fullHost(host: string, namespace: string, domain: ClusterDomain): string {
  const text = host.toLowerCase();
  if (text === '' || text === '*' || text.includes('.') || text.includes(':')) return text;
  return serviceHost(text, namespace, domain);
}

/** `cart.shop.svc.cluster.local`. */
export function serviceHost(name: string, namespace: string, domain: ClusterDomain): string {
  return `${name}.${namespace}.svc.${domain}`;
}

/**
 * `namespace/name` of the Gateway that a VirtualService refers to: `name`, `namespace/name`, `./name`, or the old
 * `name.namespace.svc.cluster.local`. `mesh` stays as it is: all sidecars.
 */
export function fullGatewayName(reference: string, namespace: string): string {
  if (reference === MESH_GATEWAY) return reference;
  const slash = reference.indexOf('/');
  if (slash >= 0) return reference.startsWith('./') ? `${namespace}/${reference.slice(2)}` : reference;
  const [name = '', otherNamespace] = reference.split('.');
  return `${otherNamespace ?? namespace}/${name}`;
}

/** The reserved gateway name that stands for every sidecar in the mesh. */
export const MESH_GATEWAY = 'mesh';
