import type { Diagnostic } from './diagnostic.ts';
import type { ListenerBinding, ProxyCapabilities, ProxyNode, ProxyType } from './proxy-node.ts';
import { compareText } from './resource-ref.ts';
import type { Provenance, ResourceSet } from './xds-resource.ts';

/**
 * The class of proxies that see the same resources. Two proxies with an equal `key` get the same bytes; nothing that does not
 * change what a proxy may see (its id, its address) belongs here.
 */
export interface View {
  /** Equal for equal views. */
  readonly key: string;
  readonly type: ProxyType;
  readonly namespace: string;
  /** Those labels of the workload whose keys some selector mentions. */
  readonly labels: Readonly<Record<string, string>>;
  readonly binding?: ListenerBinding;
  readonly capabilities: ProxyCapabilities;
}

/** The view a proxy belongs to, given the label keys that selectors mention at the moment. */
export function viewOf(node: ProxyNode, selectorKeys: ReadonlySet<string>): View {
  const labels = Object.fromEntries(
    Object.entries(node.labels)
      .filter(([key]) => selectorKeys.has(key))
      .sort(([a], [b]) => compareText(a, b)),
  );
  const { type, namespace, binding, capabilities } = node;
  const ports = binding === undefined ? [] : Object.entries(binding.ports).sort(([a], [b]) => compareText(a, b));
  const ability =
    capabilities.dataPlane === 'envoy'
      ? capabilities.withoutWasm === true
        ? [capabilities.minor, 'without wasm']
        : capabilities.minor
      : [...capabilities.features].sort(compareText);
  const key = JSON.stringify([
    type,
    namespace,
    labels,
    binding === undefined ? null : [binding.address, ports],
    capabilities.dataPlane,
    ability,
  ]);
  return { key, type, namespace, labels, ...(binding === undefined ? {} : { binding }), capabilities };
}

/** What compiling gives for one view: the resources, what is wrong with them, and where their parts come from. */
export interface CompiledView {
  readonly resources: ResourceSet;
  readonly diagnostics: readonly Diagnostic[];
  /** Where the parts of a resource come from; undefined for a resource that does not exist. */
  provenance(typeUrl: string, name: string): Provenance | undefined;
}
