import type { StringFormat } from '../schema.ts';
import { isDnsLabel, isHostName, isWildcardHostName } from './dns-name.ts';
import { isIpAddress } from './ip-address.ts';

/** A host a destination may name: a DNS name, short or full, with at most a leading wildcard, never `*` alone. */
export const destinationHost: StringFormat = {
  name: 'destination-host',
  check: (text) =>
    text !== '*' && isWildcardHostName(text)
      ? undefined
      : 'the DNS name of a service, such as reviews or reviews.shop.svc.cluster.local',
};

/** A DNS name, with a wildcard at most in front (`*.example.com`), or `*`. */
export const wildcardHost: StringFormat = {
  name: 'wildcard-host',
  check: (text) => (isWildcardHostName(text) ? undefined : 'a DNS name, with "*" at most as the first label'),
};

/** A wildcard host or an IP address: the hosts of a VirtualService. */
export const wildcardHostOrIp: StringFormat = {
  name: 'wildcard-host-or-ip',
  check: (text) =>
    isWildcardHostName(text) || isIpAddress(text)
      ? undefined
      : 'a DNS name, with "*" at most as the first label, or an IP address',
};

/** A DNS name without wildcards, or an IP address. */
export const hostNameOrIp: StringFormat = {
  name: 'host-name-or-ip',
  check: (text) => (isHostName(text) || isIpAddress(text) ? undefined : 'a DNS name or an IP address'),
};

/** Host of a Gateway server: `[NAMESPACE/]HOST`, where the namespace may be `.` (the Gateway's own) or `*`. */
export const gatewayServerHost: StringFormat = {
  name: 'gateway-server-host',
  check: (text) => {
    const slash = text.indexOf('/');
    const namespace = slash === -1 ? '*' : text.slice(0, slash);
    if (namespace !== '*' && namespace !== '.' && !isDnsLabel(namespace)) {
      return 'a namespace, "." or "*" before the "/"';
    }
    const host = text.slice(slash + 1);
    if (host === '*' || isIpAddress(host)) return undefined;
    // Short names mean different services in different namespaces; Istio refuses them here, and wildcards inside of a label.
    return isWildcardHostName(host) && host.includes('.') && !/^\*[^.]/.test(host)
      ? undefined
      : 'a full host such as shop.example.com, *.example.com or *, optionally after a namespace and "/"';
  },
};

/** How a VirtualService names a Gateway: `NAME`, `NAMESPACE/NAME`, `mesh`, or the legacy `NAME.NAMESPACE.svc.cluster.local`. */
export const gatewayReference: StringFormat = {
  name: 'gateway-reference',
  check: (text) => {
    const slash = text.indexOf('/');
    const sound =
      slash === -1 ? isHostName(text) : isDnsLabel(text.slice(0, slash)) && isDnsLabel(text.slice(slash + 1));
    return sound ? undefined : 'the name of a Gateway, NAMESPACE/NAME, or mesh';
  },
};

/** Whom an object is exported to: `*` (all), `.` (its own namespace), `~` (no one), or a namespace. */
export const exportTarget: StringFormat = {
  name: 'export-target',
  check: (text) =>
    text === '*' || text === '.' || text === '~' || isDnsLabel(text) ? undefined : '"*", "." or a namespace',
};
