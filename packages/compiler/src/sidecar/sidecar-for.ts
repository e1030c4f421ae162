import { selectsLabels } from '@heddle/model';
import type { Memo } from '../memo.ts';
import { byAge, namespaceOf, type Sidecar } from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';

/**
 * The Sidecar that holds for the proxies of a view, whose labels come as JSON: of those in their namespace the one that selects them by
 * label, else the one that selects nobody in particular, else that of the root namespace (Istio, "Sidecar"). Of several the oldest.
 */
export function sidecarFor(
  memo: Memo,
  sidecars: readonly Sidecar[],
  namespace: string,
  labels: string,
  settings: MeshSettings,
): Sidecar | undefined {
  const { own, general } = memo.run(sidecarsOf, sidecars, namespace);
  const parsed = JSON.parse(labels) as Readonly<Record<string, string>>;
  const selecting = own.find((sidecar) => selectsLabels(sidecar.spec.workloadSelector?.labels, parsed));
  return selecting ?? general ?? memo.run(sidecarsOf, sidecars, settings.rootNamespace).general;
}

interface NamespaceSidecars {
  /** Those that select by label, the oldest first. */
  readonly own: readonly Sidecar[];
  readonly general: Sidecar | undefined;
}

function sidecarsOf(_memo: Memo, sidecars: readonly Sidecar[], namespace: string): NamespaceSidecars {
  const here = byAge(sidecars.filter((sidecar) => namespaceOf(sidecar) === namespace));
  const selects = (sidecar: Sidecar): boolean => Object.keys(sidecar.spec.workloadSelector?.labels ?? {}).length > 0;
  return { own: here.filter(selects), general: here.find((sidecar) => !selects(sidecar)) };
}
