import { type Diagnostic, type Origin, sidecarRouteName, sniffedRouteName } from '@heddle/model';
import { canDo, cannotDo, outboundCapture } from '../capabilities.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import { boundAddress } from '../listeners/listener-address.ts';
import type { OutboundEntry } from '../listeners/outbound-entry.ts';
import { buildOutboundListener } from '../listeners/outbound-listeners.ts';
import { refOfObject } from '../mesh-objects.ts';
import type { MeshPort, MeshService } from '../registry/mesh-service.ts';
import { isHttp, parseProtocol } from '../registry/port-protocol.ts';
import type { EgressPort } from '../sidecar/egress-scope.ts';
import { l4Chains } from '../sidecar/l4-chains.ts';
import { OutboundEntries } from '../sidecar/outbound-entries.ts';
import type { PortServices, ServicePort } from '../sidecar/services-by-port.ts';
import type { VirtualServiceEntry } from '../virtual-services.ts';
import type { PortClaims } from './port-claims.ts';
import { endpointsFor, selectedWorkloads } from './view-clusters.ts';
import type { ViewPlugins } from './view-plugins.ts';
import type { ViewScope } from './view-scope.ts';

const ANY = '0.0.0.0';

/** What a workload may call: all of it, or what one `egress` of a Sidecar says. */
export interface Outlook {
  /** The port that a Sidecar names; undefined for the services' own. */
  readonly port: EgressPort | undefined;
  readonly byPort: ReadonlyMap<number, PortServices>;
  readonly virtualServices: readonly VirtualServiceEntry[];
}

/** A service whose port's protocol is found out at an address of its own: its HTTP routes are its own too. */
export interface SniffedPort extends ServicePort {
  readonly routes: string;
  /** As in {@link OutboundListenerParts.sharedPorts}. */
  readonly outlook: number;
}

/** See {@link outboundListenerParts}. */
export interface OutboundListenerParts {
  readonly listeners: readonly CompiledResource[];
  /** Ports whose HTTP routes are shared by services, with the place of their outlook among those given. */
  readonly sharedPorts: ReadonlyMap<number, number>;
  readonly sniffed: readonly SniffedPort[];
}

/**
 * The outbound listeners of a sidecar. Redirected connections keep their destination, so that each address can have a listener; where
 * callers connect to the sidecar itself there is one for each port.
 */
export function outboundListenerParts(
  scope: ViewScope,
  outlooks: readonly Outlook[],
  claims: PortClaims,
  diagnostics: Diagnostic[],
  plugins: ViewPlugins,
): OutboundListenerParts {
  const { memo, settings, view } = scope;
  const capture = outboundCapture(view);
  const entries = new OutboundEntries(diagnostics);
  const sniffed: SniffedPort[] = [];
  const sharedPorts = new Map<number, number>();
  const originOf = ({ port }: ServicePort): Origin => ({ resource: port.source.ref, path: port.path });
  for (const [outlook, { port, byPort }] of outlooks.entries()) {
    // What a Sidecar says of single ports stands before what it says of all.
    if (port === undefined) entries.lock();
    for (const [number, { http, declared, others }] of byPort) {
      if (port !== undefined && isHttp(parseProtocol(port.protocol))) {
        addShared(outlook, number, { resource: refOfObject(port.sidecar), path: port.path });
        continue;
      }
      // Without a destination to tell services apart by, ports of undeclared protocol are taken for HTTP.
      const shared = capture === 'bound' ? http[0] : declared;
      if (shared !== undefined && port === undefined) addShared(outlook, number, originOf(shared));
      for (const other of port === undefined ? others : [...http, ...others]) {
        if (capture === 'redirected' || other.port.protocol !== 'undeclared') addForwarded(outlook, number, other);
      }
    }
  }

  function addShared(outlook: number, number: number, origin: Origin): void {
    if (entries.addHttp(ANY, number, sidecarRouteName(number), origin)) sharedPorts.set(number, outlook);
  }

  function addForwarded(outlook: number, number: number, forwarded: ServicePort): void {
    const { service, port } = forwarded;
    const origin = originOf(forwarded);
    const virtualServices = outlooks[outlook]?.virtualServices ?? [];
    if (!canDo(view.capabilities, 'heddle.tcp.proxy')) {
      const effect = 'the port is not served to callers';
      diagnostics.push(cannotDo('heddle.tcp.proxy', port.source.ref, port.path, effect));
      return;
    }
    for (const { address, blocks } of placesOf(scope, service, port, capture === 'bound')) {
      const shared = address === ANY && (blocks.length > 0 || service.addresses.length === 0);
      const place = { blocks, shared };
      for (const chain of l4Chains(scope, virtualServices, service, port, place, diagnostics))
        entries.addChain(address, number, port.protocol, chain);
      if (port.protocol !== 'undeclared') continue;
      if (address === ANY) {
        addShared(outlook, number, origin);
        continue;
      }
      const routes = sniffedRouteName(service.host, number);
      entries.addHttp(address, number, routes, origin);
      if (!sniffed.some((known) => known.routes === routes)) sniffed.push({ service, port, routes, outlook });
    }
  }
  const listeners: CompiledResource[] = [];
  for (const entry of entries.entries()) {
    const bound = boundAddress(entry.address, entry.port, view.binding);
    if (!claims.claim(bound, claimantOf(entry))) {
      if (entry.address === ANY) sharedPorts.delete(entry.port);
      continue;
    }
    const text = JSON.stringify(entry);
    const { address: boundIp, port: boundPort } = bound;
    const filters = entry.http === undefined ? '' : plugins.filtersAt('CLIENT', entry.port);
    listeners.push(memo.latest(text, buildOutboundListener, settings, text, capture, boundIp, boundPort, filters));
  }
  return { listeners, sharedPorts, sniffed };
}

/**
 * Where connections to a port arrive: at each address of the service; for address blocks, and services without address, at any; for
 * services whose pods are called directly at each pod's. A bound sidecar has one place for each port.
 */
function placesOf(
  scope: ViewScope,
  service: MeshService,
  port: MeshPort,
  bound: boolean,
): readonly { readonly address: string; readonly blocks: readonly string[] }[] {
  const { addresses, blocks } = service;
  if (bound) return [{ address: addresses[0] ?? ANY, blocks: [] }];
  if (service.headless) {
    const index = scope.workloads(service.namespace);
    const { endpoints } = endpointsFor(scope.memo, port, selectedWorkloads(scope.memo, port.source, index));
    return [...new Set(endpoints.map(({ address }) => address))].sort().map((address) => ({ address, blocks: [] }));
  }
  const places = addresses.map((address) => ({ address, blocks: [] as readonly string[] }));
  if (blocks.length > 0) return [...places, { address: ANY, blocks }];
  return places.length > 0 ? places : [{ address: ANY, blocks: [] }];
}

function claimantOf({ http, chains }: OutboundEntry) {
  return http?.origin ?? chains[0]?.origin ?? { resource: { kind: '', namespace: '', name: '' }, path: [] };
}
