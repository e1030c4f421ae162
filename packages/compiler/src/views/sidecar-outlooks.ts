import { MESH_GATEWAY } from '../hosts/host-name.ts';
import type { Memo } from '../memo.ts';
import type { Sidecar } from '../mesh-objects.ts';
import type { MeshService } from '../registry/mesh-service.ts';
import type { ServiceRegistry } from '../registry/service-registry.ts';
import type { OutboundTrafficPolicy } from '../settings.ts';
import { type EgressListener, egressScope } from '../sidecar/egress-scope.ts';
import { type PortServices, servicesByPort } from '../sidecar/services-by-port.ts';
import { sidecarFor } from '../sidecar/sidecar-for.ts';
import type { Backends } from './backend-table.ts';
import type { Outlook } from './outbound-listener-parts.ts';
import { listOf, type ViewScope } from './view-scope.ts';

/** What the Sidecar of a view, if it has one, makes of what its namespace sees. */
export interface SidecarOutlooks {
  /** Everything that the workloads may call, and that their routes lead to. */
  readonly scope: ViewScope;
  /** One for each `egress`, in their order; one for everything without. */
  readonly outlooks: readonly Outlook[];
  /** In place of the mesh's. */
  readonly policy: OutboundTrafficPolicy | undefined;
}

export function sidecarOutlooks(whole: ViewScope): SidecarOutlooks {
  const { memo, snapshot, view, settings } = whole;
  const sidecars = listOf(snapshot, 'Sidecar');
  const sidecar = memo.run(sidecarFor, sidecars, view.namespace, JSON.stringify(view.labels), settings);
  const policy = sidecar === undefined ? undefined : policyOf(sidecar);
  if (sidecar === undefined || (sidecar.spec.egress?.length ?? 0) === 0) {
    const virtualServices = whole.virtualServices.byGateway.get(MESH_GATEWAY) ?? NONE;
    const byPort = servicesByPort(memo, whole.registry.services);
    return { scope: whole, outlooks: [{ port: undefined, byPort, virtualServices }], policy };
  }
  const egress = memo.run(egressScope, sidecar, whole.registry, whole.virtualServices, view.namespace, settings);
  const scope: ViewScope = {
    ...whole,
    registry: egress.registry,
    backends: memo.run(knownBackends, whole.backends, egress.registry),
    virtualServices: egress.virtualServices,
  };
  return { scope, outlooks: egress.listeners.map((listener) => memo.run(outlookOf, listener)), policy };
}

const NONE: readonly never[] = [];

/** The zero value of the enumeration is meant wherever a policy without mode is written (Istio). */
function policyOf({ spec }: Sidecar): OutboundTrafficPolicy | undefined {
  return spec.outboundTrafficPolicy === undefined ? undefined : (spec.outboundTrafficPolicy.mode ?? 'REGISTRY_ONLY');
}

function knownBackends(_memo: Memo, backends: Backends, registry: ServiceRegistry): Backends {
  return {
    all: backends.all.filter(({ service }) => registry.byHost.has(service.host)),
    backend: (host) => (registry.byHost.has(host) ? backends.backend(host) : undefined),
  };
}

function outlookOf(memo: Memo, { port, services, virtualServices }: EgressListener): Outlook {
  if (port === undefined) return { port, byPort: servicesByPort(memo, services), virtualServices };
  return { port, byPort: new Map([[port.number, servicesAt(services, port.number)]]), virtualServices };
}

/** The services behind a port that a Sidecar names: those that have it and, for what is no HTTP, those with one port at all. */
function servicesAt(services: readonly MeshService[], number: number): PortServices {
  const http: PortServices['http'][number][] = [];
  const others: PortServices['others'][number][] = [];
  for (const service of services) {
    const own = service.portsByNumber.get(number);
    const [only] = service.ports;
    if (own !== undefined) http.push({ service, port: own });
    else if (service.ports.length === 1 && only !== undefined) others.push({ service, port: only });
  }
  return { onPort: new Set(http.map(({ service }) => service.host)), http, declared: http[0], others };
}
