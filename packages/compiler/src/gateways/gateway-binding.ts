import { type Diagnostic, diagnostic, formatRef } from '@heddle/model';
import type { Memo } from '../memo.ts';
import { refOfObject } from '../mesh-objects.ts';
import type { VirtualServiceEntry } from '../virtual-services.ts';
import type { GatewayEntry } from './gateway-ports.ts';

/** What a VirtualService and a Gateway it is bound to have in common. */
export interface GatewayBinding {
  /** For each server of the Gateway the common hosts: of each pair of hosts the narrower one. */
  readonly hostsByServer: readonly (readonly string[])[];
  /** IST0132: hosts of the VirtualService that no server serves. */
  readonly diagnostics: readonly Diagnostic[];
}

export function bindToGateway(_memo: Memo, virtualService: VirtualServiceEntry, gateway: GatewayEntry): GatewayBinding {
  const hostsByServer = gateway.servers.map(() => new Set<string>());
  const diagnostics: Diagnostic[] = [];
  for (const [host, position] of virtualService.hosts) {
    let served = false;
    for (const [index, server] of gateway.servers.entries()) {
      for (const common of server.hosts.common(host, virtualService.namespace)) {
        hostsByServer[index]?.add(common);
        served = true;
      }
    }
    if (!served) diagnostics.push(unservedHost(virtualService, gateway, host, position));
  }
  return { hostsByServer: hostsByServer.map((hosts) => [...hosts]), diagnostics };
}

function unservedHost(
  { virtualService }: VirtualServiceEntry,
  { gateway }: GatewayEntry,
  host: string,
  position: number,
): Diagnostic {
  const served = [...new Set(gateway.spec.servers.flatMap((server) => server.hosts))];
  return diagnostic('IST0132', {
    resource: refOfObject(virtualService),
    path: ['spec', 'hosts', position],
    message: `${formatRef(refOfObject(gateway))} does not serve "${host}", only ${served.map((name) => `"${name}"`).join(', ')}`,
    effect: 'requests to this host are answered with 404',
    fix: 'add the host to a server of the Gateway',
  });
}
