import { compareText, selectsLabels } from '@heddle/model';
import type { Memo } from '../memo.ts';
import { nameOf, namespaceOf, type WasmPlugin } from '../mesh-objects.ts';

/** The phases in the order in which requests pass them (Istio, `PluginPhase`). */
const PHASES = ['AUTHN', 'AUTHZ', 'STATS', 'UNSPECIFIED_PHASE'] as const;

/**
 * The plugins of the proxies of a view, whose labels come as JSON, in the order in which requests pass them: by phase, in a phase the
 * larger priority first, then by name and namespace (Istio, `WasmPlugin.priority`). Plugins of the root namespace are for all
 * namespaces.
 */
export function selectedPlugins(
  _memo: Memo,
  plugins: readonly WasmPlugin[],
  namespace: string,
  labels: string,
  rootNamespace: string,
): readonly WasmPlugin[] {
  const parsed = JSON.parse(labels) as Readonly<Record<string, string>>;
  return plugins
    .filter((plugin) => {
      const home = namespaceOf(plugin);
      if (home !== namespace && home !== rootNamespace) return false;
      const { selector, targetRef, targetRefs, type } = plugin.spec;
      // Of these fields validation says that they are not obeyed yet: what they narrow must not reach everything.
      if (targetRef !== undefined || (targetRefs?.length ?? 0) > 0 || type === 'NETWORK') return false;
      return selectsLabels(selector?.matchLabels, parsed);
    })
    .sort((a, b) => {
      const phase = phaseOf(a) - phaseOf(b);
      if (phase !== 0) return phase;
      const priority = (b.spec.priority ?? 0) - (a.spec.priority ?? 0);
      return priority !== 0 ? priority : compareText(sortName(a), sortName(b));
    });
}

function phaseOf({ spec }: WasmPlugin): number {
  return PHASES.indexOf(spec.phase ?? 'UNSPECIFIED_PHASE');
}

function sortName(plugin: WasmPlugin): string {
  return `${nameOf(plugin)}.${namespaceOf(plugin)}`;
}

/** From where connections come: what the workload calls, and all of a gateway, or what calls the workload (Istio, `WorkloadMode`). */
export type TrafficSide = 'CLIENT' | 'SERVER';

/** Whether some traffic of a side passes a plugin. */
export function passesSide({ spec }: WasmPlugin, side: TrafficSide): boolean {
  return spec.match === undefined || spec.match.length === 0 || spec.match.some((one) => isOfSide(one, side));
}

/** Whether the traffic of a listener's port passes a plugin: of a workload its own port, else the service's or the gateway's. */
export function passesPort({ spec }: WasmPlugin, side: TrafficSide, port: number): boolean {
  const { match = [] } = spec;
  if (match.length === 0) return true;
  return match.some(
    (one) =>
      isOfSide(one, side) &&
      (one.ports === undefined || one.ports.length === 0 || one.ports.some(({ number }) => number === port)),
  );
}

type Selector = NonNullable<WasmPlugin['spec']['match']>[number];

function isOfSide({ mode = 'UNDEFINED' }: Selector, side: TrafficSide): boolean {
  return mode === 'UNDEFINED' || mode === 'CLIENT_AND_SERVER' || mode === side;
}
