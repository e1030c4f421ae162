import { suggest } from '@heddle/api';
import { type Diagnostic, diagnostic, formatRef } from '@heddle/model';
import { MESH_GATEWAY } from '../hosts/host-name.ts';
import type { Memo } from '../memo.ts';
import { type Gateway, namespaceOf, qualifiedName, refOfObject, type VirtualService } from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';
import { virtualServiceScope } from '../virtual-services.ts';
import { commonHosts } from './server-hosts.ts';

/** IST0101: VirtualServices that are bound to Gateways which do not exist. */
export function checkGatewayReferences(
  memo: Memo,
  virtualServices: readonly VirtualService[],
  gateways: readonly Gateway[],
  settings: MeshSettings,
): readonly Diagnostic[] {
  const known = new Set(gateways.map(qualifiedName));
  const diagnostics: Diagnostic[] = [];
  for (const virtualService of virtualServices) {
    for (const [name, index] of memo.run(virtualServiceScope, virtualService, settings).gateways) {
      if (name === MESH_GATEWAY || known.has(name)) continue;
      const near = likelyGateway(name, known);
      diagnostics.push(
        diagnostic('IST0101', {
          resource: refOfObject(virtualService),
          path: ['spec', 'gateways', index],
          message: `there is no Gateway "${name}"`,
          effect: 'its routes are not served there',
          fix: near === undefined ? 'name a Gateway as NAMESPACE/NAME' : `did you mean "${near}"?`,
        }),
      );
    }
  }
  return diagnostics;
}

/** A Gateway of the same name in another namespace, or one whose name differs in a few letters. */
function likelyGateway(name: string, known: ReadonlySet<string>): string | undefined {
  const short = name.slice(name.indexOf('/'));
  for (const candidate of known) if (candidate.endsWith(short)) return candidate;
  return suggest(name, known);
}

/** IST0132: hosts of a VirtualService that the Gateway it is bound to does not serve. */
export function checkGatewayHosts(
  memo: Memo,
  virtualService: VirtualService,
  gateway: Gateway,
  settings: MeshSettings,
): readonly Diagnostic[] {
  const { hosts } = memo.run(virtualServiceScope, virtualService, settings);
  const diagnostics: Diagnostic[] = [];
  for (const [host, index] of hosts) {
    const single = new Map([[host, index]]);
    const served = gateway.spec.servers.some(
      (server) => commonHosts(memo, single, namespaceOf(virtualService), server, namespaceOf(gateway)).length > 0,
    );
    if (served) continue;
    const open = [...new Set(gateway.spec.servers.flatMap((server) => server.hosts))];
    diagnostics.push(
      diagnostic('IST0132', {
        resource: refOfObject(virtualService),
        path: ['spec', 'hosts', index],
        message: `${formatRef(refOfObject(gateway))} does not serve "${host}", only ${open.map((name) => `"${name}"`).join(', ')}`,
        effect: 'requests to this host are answered with 404',
        fix: 'add the host to a server of the Gateway',
      }),
    );
  }
  return diagnostics;
}

/** HED209: nothing is routed at this Gateway. */
export function servesNothing(_memo: Memo, gateway: Gateway): Diagnostic {
  return diagnostic('HED209', {
    resource: refOfObject(gateway),
    path: ['spec', 'servers'],
    message: 'no VirtualService has routes for its hosts',
    effect: 'requests are answered with 404',
    fix: `bind a VirtualService by gateways: ["${qualifiedName(gateway)}"]`,
  });
}
