import { type Diagnostic, diagnostic, formatRef } from '@heddle/model';
import type { Memo } from '../memo.ts';
import { compareAge, type Gateway, type GatewayServer, refOfObject } from '../mesh-objects.ts';
import { isHttp, type PortProtocol, parseProtocol } from '../registry/port-protocol.ts';

/** A server of a Gateway with its place. */
export interface ServerSource {
  readonly gateway: Gateway;
  readonly server: GatewayServer;
  /** In `spec.servers`. */
  readonly index: number;
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
  const claims = new Map<number, { readonly source: ServerSource; readonly protocol: PortProtocol }>();
  const diagnostics: Diagnostic[] = [];
  for (const gateway of [...gateways].sort(compareAge)) {
    for (const source of memo.run(gatewayServers, gateway)) {
      const { number, protocol: written } = source.server.port;
      const protocol = parseProtocol(written);
      const claim = claims.get(number);
      if (claim === undefined) claims.set(number, { source, protocol });
      else if (isHttp(claim.protocol) !== isHttp(protocol)) diagnostics.push(portConflict(source, claim.source));
      if (!isHttp(protocol)) continue;
      const servers = byNumber.get(number);
      if (servers === undefined) byNumber.set(number, [source]);
      else servers.push(source);
    }
  }
  const numbers = [...byNumber.keys()].sort((a, b) => a - b);
  const ports = numbers.map((number) =>
    memo.run(gatewayPort, memo.steady(gateways, `port ${number}`, byNumber.get(number) ?? []), number),
  );
  return { ports, diagnostics };
}

function gatewayServers(_memo: Memo, gateway: Gateway): readonly ServerSource[] {
  return gateway.spec.servers.map((server, index) => ({ gateway, server, index }));
}

function gatewayPort(_memo: Memo, servers: readonly ServerSource[], number: number): GatewayPort {
  return { number, servers };
}

function portConflict(source: ServerSource, winner: ServerSource): Diagnostic {
  const { number, protocol } = source.server.port;
  return diagnostic('HED204', {
    resource: refOfObject(source.gateway),
    path: ['spec', 'servers', source.index, 'port'],
    message: `${protocol} on port ${number} conflicts with ${winner.server.port.protocol} of ${formatRef(refOfObject(winner.gateway))}`,
    effect: `only one of the two protocols is served on port ${number}`,
    fix: 'use another port, or one protocol for both',
  });
}
