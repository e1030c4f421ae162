import type { Diagnostic } from '@heddle/model';
import { buildInboundCluster, buildInboundPassthroughCluster } from '../clusters/inbound-clusters.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import { buildVirtualInboundListener, type InboundPlugins } from '../listeners/virtual-inbound-listener.ts';
import type { Memo } from '../memo.ts';
import type { MeshSettings } from '../settings.ts';
import { type InboundPort, inboundPorts } from '../sidecar/inbound-ports.ts';
import type { ViewPlugins } from './view-plugins.ts';
import type { ViewScope } from './view-scope.ts';

/** What a sidecar needs for the connections to its workload. */
export interface InboundParts {
  readonly listener: CompiledResource;
  readonly clusters: readonly CompiledResource[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The inbound side of a sidecar to which the kernel redirects. */
export function inboundParts(
  { memo, snapshot, view, settings, workloads }: ViewScope,
  plugins: ViewPlugins,
): InboundParts {
  const services = snapshot.inNamespace('Service', view.namespace);
  const own = services.length === 0 ? NONE : services;
  const found = memo.run(inboundPorts, own, workloads(view.namespace), JSON.stringify(view.labels), settings);
  // The ports seldom change when workloads come and go.
  const ports = memo.steady(settings, `inbound ${view.key}`, found.ports);
  const filters: InboundPlugins = {
    byPort: ports.map(({ number }) => plugins.filtersAt('SERVER', number)),
    // No port has the number 0: what names ports means others.
    elsewhere: plugins.filtersAt('SERVER', 0),
  };
  return { ...memo.run(buildInboundParts, ports, settings, JSON.stringify(filters)), diagnostics: found.diagnostics };
}

const NONE: readonly never[] = [];

function buildInboundParts(
  memo: Memo,
  ports: readonly InboundPort[],
  settings: MeshSettings,
  plugins: string,
): Omit<InboundParts, 'diagnostics'> {
  return {
    listener: buildVirtualInboundListener(memo, ports, settings, JSON.parse(plugins) as InboundPlugins),
    clusters: [
      ...ports.map((port) => memo.run(buildInboundCluster, port, settings)),
      memo.run(buildInboundPassthroughCluster, settings),
    ],
  };
}
