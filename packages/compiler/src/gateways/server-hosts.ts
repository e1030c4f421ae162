import { isWildcardHost, narrowerHost } from '../hosts/host-name.ts';
import type { GatewayServer } from '../mesh-objects.ts';

/** The hosts of a server, prepared for looking up which hosts of a VirtualService it serves. */
export interface ServerHosts {
  /** The hosts that the server has in common with one host of a VirtualService in a namespace: of each pair the narrower one. */
  common(host: string, namespace: string): readonly string[];
}

/** `namespace/host`, `./host` (the Gateway's own namespace), `*` + `/host` or just `host` (any namespace). */
export function serverHosts(server: GatewayServer, gatewayNamespace: string): ServerHosts {
  /** Host to the namespaces it is open to; `*` for all. */
  const exact = new Map<string, Set<string>>();
  const wildcards = new Map<string, Set<string>>();
  for (const written of server.hosts) {
    const slash = written.indexOf('/');
    const scope = slash < 0 ? '*' : written.slice(0, slash);
    const host = written.slice(slash + 1).toLowerCase();
    const hosts = isWildcardHost(host) ? wildcards : exact;
    const namespaces = hosts.get(host) ?? new Set();
    hosts.set(host, namespaces.add(scope === '.' ? gatewayNamespace : scope));
  }
  const open = (namespaces: ReadonlySet<string> | undefined, namespace: string): boolean =>
    namespaces !== undefined && (namespaces.has('*') || namespaces.has(namespace));

  return {
    common(host, namespace) {
      const found = new Set<string>();
      const wildcard = isWildcardHost(host);
      // Exact hosts meet by look-up; only a wildcard has to be compared with every host of the other side.
      if (!wildcard && open(exact.get(host), namespace)) found.add(host);
      for (const [other, namespaces] of wildcard ? [...wildcards, ...exact] : wildcards) {
        if (!open(namespaces, namespace)) continue;
        const narrower = narrowerHost(host, other);
        if (narrower !== undefined) found.add(narrower);
      }
      return [...found];
    },
  };
}
