import { isWildcardHost, narrowerHost } from '../hosts/host-name.ts';
import type { Memo } from '../memo.ts';
import type { GatewayServer } from '../mesh-objects.ts';

/** The hosts of a server, prepared for looking up which hosts of a VirtualService it serves. */
export interface ServerHosts {
  /** The hosts that the server and a VirtualService in a namespace have in common: of each pair the narrower one. */
  common(hosts: Iterable<string>, namespace: string): readonly string[];
}

/** `namespace/host`, `./host` (the Gateway's own namespace), `*` + `/host` or just `host` (any namespace). */
export function serverHosts(_memo: Memo, server: GatewayServer, gatewayNamespace: string): ServerHosts {
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
    common(hosts, namespace) {
      const found = new Set<string>();
      for (const host of hosts) {
        // Exact hosts meet by look-up; only a wildcard has to be compared with every host of the other side.
        if (!isWildcardHost(host) && open(exact.get(host), namespace)) found.add(host);
        const others = isWildcardHost(host) ? [...wildcards, ...exact] : wildcards;
        for (const [other, namespaces] of others) {
          if (!open(namespaces, namespace)) continue;
          const narrower = narrowerHost(host, other);
          if (narrower !== undefined) found.add(narrower);
        }
      }
      return [...found];
    },
  };
}

/** The hosts that a VirtualService and one server have in common. */
export function commonHosts(
  memo: Memo,
  hosts: ReadonlyMap<string, number>,
  namespace: string,
  server: GatewayServer,
  gatewayNamespace: string,
): readonly string[] {
  return memo.run(serverHosts, server, gatewayNamespace).common(hosts.keys(), namespace);
}
