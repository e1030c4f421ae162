import { fullGatewayName, fullHost, MESH_GATEWAY } from './hosts/host-name.ts';
import type { Memo } from './memo.ts';
import { compareAge, namespaceOf, type VirtualService } from './mesh-objects.ts';
import type { MeshSettings } from './settings.ts';

/** What a VirtualService says about where it applies, its names in full. */
export interface VirtualServiceScope {
  /** Lower-case, each once, in the order written, with its position in `spec.hosts`. */
  readonly hosts: ReadonlyMap<string, number>;
  /** `namespace/name`, or `mesh`, with its position in `spec.gateways`; `mesh` alone if none is written. */
  readonly gateways: ReadonlyMap<string, number>;
}

export function virtualServiceScope(
  _memo: Memo,
  virtualService: VirtualService,
  settings: MeshSettings,
): VirtualServiceScope {
  const namespace = namespaceOf(virtualService);
  const gateways = virtualService.spec.gateways ?? [];
  return {
    hosts: firstPositions(
      (virtualService.spec.hosts ?? []).map((host) => fullHost(host, namespace, settings.clusterDomain)),
    ),
    gateways: firstPositions(
      (gateways.length === 0 ? [MESH_GATEWAY] : gateways).map((name) => fullGatewayName(name, namespace)),
    ),
  };
}

function firstPositions(names: readonly string[]): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  for (const [index, name] of names.entries()) if (!positions.has(name)) positions.set(name, index);
  return positions;
}

/** The VirtualServices by the gateway they apply to, `mesh` included; the oldest first. */
export type VirtualServicesByGateway = ReadonlyMap<string, readonly VirtualService[]>;

export function indexVirtualServices(
  memo: Memo,
  virtualServices: readonly VirtualService[],
  settings: MeshSettings,
): VirtualServicesByGateway {
  const byGateway = new Map<string, VirtualService[]>();
  for (const virtualService of [...virtualServices].sort(compareAge)) {
    for (const gateway of memo.run(virtualServiceScope, virtualService, settings).gateways.keys()) {
      const members = byGateway.get(gateway);
      if (members === undefined) byGateway.set(gateway, [virtualService]);
      else members.push(virtualService);
    }
  }
  return byGateway;
}
