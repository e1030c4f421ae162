import { type Diagnostic, diagnostic, formatRef } from '@heddle/model';
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

/** A port that a gateway serves in plain HTTP, with all servers on it, the oldest Gateway's first. */
export interface GatewayPort {
  readonly number: number;
  readonly servers: readonly ServerSource[];
}

export interface GatewayPorts {
  /** In ascending order. */
  readonly ports: readonly GatewayPort[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Merges the servers of all Gateways that one proxy serves, port by port. Plain HTTP servers share a port; one in another protocol
 * conflicts with them, and the first on the port wins (Istio merges Gateways so). Protocols that are not served yet claim no port.
 */
export function mergeGatewayPorts(memo: Memo, gateways: readonly Gateway[]): GatewayPorts {
  const byNumber = new Map<number, ServerSource[]>();
  const claims = new Map<number, ServerSource>();
  const diagnostics: Diagnostic[] = [];
  const entries = gateways.map((gateway) => memo.run(gatewayEntry, gateway));
  for (const entry of entries.sort((a, b) => compareAge(a.age, b.age))) {
    for (const server of entry.servers) {
      const source = memo.run(serverSource, server, entry);
      const { number } = server.server.port;
      const claim = claims.get(number);
      if (claim === undefined) claims.set(number, source);
      else if (isHttp(claim.server.protocol) !== isHttp(server.protocol)) diagnostics.push(portConflict(source, claim));
      if (!isHttp(server.protocol)) continue;
      const servers = byNumber.get(number);
      if (servers === undefined) byNumber.set(number, [source]);
      else servers.push(source);
    }
  }
  const ports = [...byNumber].map(([number, servers]) => ({ number, servers })).sort((a, b) => a.number - b.number);
  return { ports, diagnostics };
}

/** The same object as long as the Gateway does not change. */
function serverSource(_memo: Memo, server: ServerEntry, entry: GatewayEntry): ServerSource {
  return { entry, server };
}

function portConflict({ entry, server }: ServerSource, winner: ServerSource): Diagnostic {
  const { number, protocol } = server.server.port;
  return diagnostic('HED204', {
    resource: refOfObject(entry.gateway),
    path: ['spec', 'servers', server.index, 'port'],
    message: `${protocol} on port ${number} conflicts with ${winner.server.server.port.protocol} of ${formatRef(refOfObject(winner.entry.gateway))}`,
    effect: `only one of the two protocols is served on port ${number}`,
    fix: 'use another port, or one protocol for both',
  });
}
