import { compareText, type Diagnostic, diagnostic, formatRef } from '@heddle/model';
import type { Memo } from '../memo.ts';
import {
  type Age,
  ageOf,
  compareAge,
  type Gateway,
  type GatewayServer,
  namespaceOf,
  qualifiedName,
  refOfObject,
} from '../mesh-objects.ts';
import { isHttp, type PortProtocol, parseProtocol } from '../registry/port-protocol.ts';
import { type ServerHosts, serverHosts } from './server-hosts.ts';

/** A Gateway with its name and servers in the form in which they are looked up. */
export interface GatewayEntry {
  readonly gateway: Gateway;
  /** `namespace/name`. */
  readonly name: string;
  readonly namespace: string;
  readonly age: Age;
  readonly servers: readonly ServerEntry[];
}

/** A server of a Gateway. */
export interface ServerEntry {
  readonly server: GatewayServer;
  /** In `spec.servers`. */
  readonly index: number;
  readonly protocol: PortProtocol;
  readonly hosts: ServerHosts;
}

export function gatewayEntry(_memo: Memo, gateway: Gateway): GatewayEntry {
  const namespace = namespaceOf(gateway);
  const servers = gateway.spec.servers.map((server, index) => ({
    server,
    index,
    protocol: parseProtocol(server.port.protocol),
    hosts: serverHosts(server, namespace),
  }));
  return { gateway, name: qualifiedName(gateway), namespace, age: ageOf(gateway), servers };
}

/** A server with the Gateway it belongs to. */
export interface ServerSource {
  readonly entry: GatewayEntry;
  readonly server: ServerEntry;
}

/** How the connections of a port are told apart: by nothing and by the requests on them, by the name asked for in TLS, or not at all. */
export type PortLayer = 'http' | 'tls' | 'tcp';

/** A port of a gateway with all servers on it, the oldest Gateway's first. */
export interface GatewayPort {
  readonly number: number;
  readonly layer: PortLayer;
  readonly servers: readonly ServerSource[];
}

export interface GatewayPorts {
  /** In ascending order. */
  readonly ports: readonly GatewayPort[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Merges the servers of all Gateways that one proxy serves, port by port, as Istio does (`mergeGateways`). Plain HTTP servers share a
 * port, and so do servers with TLS, whose hosts must differ; one in another protocol conflicts with them, as does a second TCP server, and
 * the first on the port wins. Protocols that are not served yet claim no port.
 */
export function mergeGatewayPorts(memo: Memo, gateways: readonly Gateway[]): GatewayPorts {
  const byNumber = new Map<number, { readonly layer: PortLayer; readonly servers: ServerSource[] }>();
  const hostsByPort = new Map<number, Map<string, ServerSource>>();
  const diagnostics: Diagnostic[] = [];
  const entries = gateways.map((gateway) => memo.run(gatewayEntry, gateway));
  for (const entry of entries.sort((a, b) => compareAge(a.age, b.age))) {
    for (const server of entry.servers) {
      const source = memo.run(serverSource, server, entry);
      const { number } = server.server.port;
      const layer = layerOf(server);
      if (layer === undefined) continue;
      const port = byNumber.get(number);
      const [first] = port?.servers ?? [];
      if (first !== undefined && (port?.layer !== layer || layer === 'tcp')) {
        diagnostics.push(portConflict(source, first));
        continue;
      }
      if (layer === 'tls') {
        const taken = hostsByPort.get(number) ?? new Map<string, ServerSource>();
        hostsByPort.set(number, taken);
        const conflict = claimHosts(source, taken);
        if (conflict !== undefined) {
          diagnostics.push(conflict);
          continue;
        }
      }
      if (port === undefined) byNumber.set(number, { layer, servers: [source] });
      else port.servers.push(source);
    }
  }
  const ports = [...byNumber].map(([number, port]) => ({ number, ...port })).sort((a, b) => a.number - b.number);
  return { ports, diagnostics };
}

/** The same object as long as the Gateway does not change. */
function serverSource(_memo: Memo, server: ServerEntry, entry: GatewayEntry): ServerSource {
  return { entry, server };
}

function layerOf({ protocol }: ServerEntry): PortLayer | undefined {
  if (isHttp(protocol)) return 'http';
  if (protocol === 'https' || protocol === 'tls') return 'tls';
  return protocol === 'tcp' ? 'tcp' : undefined;
}

/** The names that clients ask for in TLS: the server's hosts without namespaces, each once; empty if it takes every name. */
export function serverNames({ server }: ServerEntry): readonly string[] {
  const hosts = new Set(server.hosts.map((host) => host.slice(host.indexOf('/') + 1).toLowerCase()));
  return hosts.has('*') ? [] : [...hosts].sort(compareText);
}

/** Proxies refuse two chains for one name: a server whose host another one has is left out, as in Istio. */
function claimHosts(source: ServerSource, taken: Map<string, ServerSource>): Diagnostic | undefined {
  const names = serverNames(source.server);
  const wanted = names.length === 0 ? ['*'] : names;
  for (const host of wanted) {
    const holder = taken.get(host);
    if (holder === undefined) continue;
    const { server } = source.server;
    const position = server.hosts.findIndex(
      (written) => written.slice(written.indexOf('/') + 1).toLowerCase() === host,
    );
    return diagnostic('HED203', {
      resource: refOfObject(source.entry.gateway),
      path: ['spec', 'servers', source.server.index, 'hosts', Math.max(0, position)],
      message: `"${host}" on port ${server.port.number} is served by ${formatRef(refOfObject(holder.entry.gateway))} already`,
      effect: 'this server is not served',
      fix: 'remove the host from one of the two',
    });
  }
  for (const host of wanted) taken.set(host, source);
  return undefined;
}

function portConflict({ entry, server }: ServerSource, winner: ServerSource): Diagnostic {
  const { number, protocol } = server.server.port;
  return diagnostic('HED204', {
    resource: refOfObject(entry.gateway),
    path: ['spec', 'servers', server.index, 'port'],
    message: `${protocol} on port ${number} conflicts with ${winner.server.server.port.protocol} of ${formatRef(refOfObject(winner.entry.gateway))}`,
    effect: `only the first of the two is served on port ${number}`,
    fix: 'use another port, or one protocol for both',
  });
}
