import { selectsLabels } from '@heddle/model';
import { formatLabels, namespaceOf } from '../mesh-index.ts';
import type { AnalysisRule } from '../rule.ts';

/** Plugins that nobody runs. */
const selectorMatchesNothing: AnalysisRule = {
  name: 'plugin-selector',
  code: 'IST0127',
  scope: 'mesh',
  about: 'a WasmPlugin selects labels that no workload it is for has',
  *check(mesh) {
    for (const plugin of mesh.snapshot.list('WasmPlugin')) {
      const labels = plugin.spec.selector?.matchLabels;
      if (labels === undefined || formatLabels(labels) === '') continue;
      const namespace = namespaceOf(plugin);
      const forAll = namespace === mesh.rootNamespace;
      // Gateways that are taken to run stand in the root namespace.
      if (forAll && mesh.assumedGateways.some((assumed) => selectsLabels(labels, assumed))) continue;
      const workloads = forAll ? mesh.workloads : mesh.workloadsIn(namespace);
      if (workloads.some((workload) => selectsLabels(labels, workload.labels))) continue;
      const elsewhere =
        mesh.workloads.find((workload) => selectsLabels(labels, workload.labels))?.namespace ??
        (mesh.assumedGateways.some((assumed) => selectsLabels(labels, assumed)) ? mesh.rootNamespace : undefined);
      yield {
        object: plugin,
        path: ['spec', 'selector', 'matchLabels'],
        message: `no workload${forAll ? '' : ` in namespace "${namespace}"`} has the labels ${formatLabels(labels)}`,
        effect: 'no proxy runs the plugin',
        fix:
          elsewhere === undefined
            ? 'correct the labels, or leave the selector out for all workloads of the namespace'
            : `move the plugin to namespace "${elsewhere}", where such a workload is`,
      };
    }
  },
};

export const wasmPluginRules: readonly AnalysisRule[] = [selectorMatchesNothing];
