import { type Diagnostic, diagnostic, formatRef } from '@heddle/model';
import type { Memo } from '../memo.ts';
import { type Gateway, qualifiedName, refOfObject, type VirtualService } from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';
import { indexVirtualServices } from '../virtual-services.ts';
import { isVisible, someAreParticular } from '../visibility.ts';

/** HED211: VirtualServices that are bound to Gateways of a proxy and not exported to the namespace in which it runs. */
export function checkHiddenRoutes(
  memo: Memo,
  virtualServices: readonly VirtualService[],
  gateways: readonly Gateway[],
  namespace: string,
  settings: MeshSettings,
): readonly Diagnostic[] {
  if (!someAreParticular(memo, virtualServices, settings.defaultVirtualServiceExportTo)) return NONE;
  const { byGateway } = memo.run(indexVirtualServices, virtualServices, settings, undefined);
  return gateways.flatMap((gateway) => {
    const name = qualifiedName(gateway);
    return (byGateway.get(name) ?? []).flatMap(({ virtualService }) => {
      if (isVisible(virtualService, settings.defaultVirtualServiceExportTo, namespace)) return [];
      return diagnostic('HED211', {
        resource: refOfObject(virtualService),
        path: virtualService.spec.exportTo === undefined ? ['spec'] : ['spec', 'exportTo'],
        message: `it is not exported to namespace "${namespace}", where the proxies of ${formatRef(refOfObject(gateway))} run`,
        effect: 'its routes are not served there',
        fix: `add "${namespace}" to exportTo, or remove "${name}" from gateways`,
      });
    });
  });
}

const NONE: readonly Diagnostic[] = [];
