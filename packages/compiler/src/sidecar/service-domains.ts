import type { ClusterDomain } from '../hosts/host-name.ts';
import { hostDomain } from '../hosts/ip-address.ts';
import type { Memo } from '../memo.ts';
import type { MeshService } from '../registry/mesh-service.ts';

/**
 * The `Host` headers by which a workload in a namespace may call a service, without ports: the full name, the same with a trailing dot,
 * for Kubernetes services the shorter forms that its resolver completes, and the service's addresses. Single pods of a headless
 * service are called by names within its own.
 */
export function serviceDomains(
  _memo: Memo,
  service: MeshService,
  clientNamespace: string,
  domain: ClusterDomain,
  capturesPods: boolean,
): readonly string[] {
  const names = [service.host];
  if (!service.host.startsWith('*')) names.push(`${service.host}.`);
  names.push(...shorterNames(service.host, clientNamespace, domain));
  const pods = service.headless && capturesPods ? names.map((name) => `*.${name}`) : [];
  const addresses = service.addresses.map(hostDomain);
  return [...names, ...pods, ...addresses];
}

/** How the hosts end that have shorter names for clients of this namespace than for others. */
export function localSuffix(clientNamespace: string, domain: ClusterDomain): string {
  return `.${clientNamespace}.svc.${domain}`;
}

/** `cart`, `cart.shop.svc` and `cart.shop` for a client in namespace `shop`; without the first one for others. */
function shorterNames(host: string, clientNamespace: string, domain: ClusterDomain): readonly string[] {
  const suffix = `.svc.${domain}`;
  if (!host.endsWith(suffix) || host.startsWith('*')) return [];
  const qualified = host.slice(0, -suffix.length);
  const dot = qualified.indexOf('.');
  if (dot <= 0) return [];
  const sameNamespace = qualified.slice(dot + 1) === clientNamespace;
  return sameNamespace ? [qualified.slice(0, dot), `${qualified}.svc`, qualified] : [qualified, `${qualified}.svc`];
}
