import type { ObjectOf } from '@heddle/api';
import type { MeshSnapshot } from '@heddle/model';
import { selectsLabels } from '@heddle/model';

/** One way into the mesh: what a user can try, and where it leads. */
export interface EntryPoint {
  /** Port that the Gateway configures. */
  readonly port: number;
  /** Whether it speaks HTTPS. */
  readonly tls: boolean;
  /** Host to ask for, or undefined when any will do. */
  readonly host: string | undefined;
  /** A path that the first route of the VirtualService matches. */
  readonly path: string;
  /** `test-gateway/test-virtualservice → test-svc:80 → test-deployment v1`. */
  readonly leadsTo: string;
}

/**
 * The ways into the mesh through the Gateways that select these labels: one for each HTTP or HTTPS server that asks for no certificate and VirtualService
 * bound to it. For showing only: what really happens to a request is up to the compiled configuration.
 */
export function entryPoints(
  snapshot: MeshSnapshot,
  proxyLabels: Readonly<Record<string, string>>,
): readonly EntryPoint[] {
  const found: EntryPoint[] = [];
  for (const gateway of snapshot.list('Gateway')) {
    if (!selectsLabels(gateway.spec.selector, proxyLabels)) continue;
    for (const server of gateway.spec.servers) {
      if (!isOpen(server)) continue;
      for (const virtualService of snapshot.list('VirtualService')) {
        if (!isBoundTo(virtualService, gateway)) continue;
        found.push(...entriesOf(snapshot, gateway, server, virtualService));
      }
    }
  }
  return found;
}

type VirtualService = ObjectOf<'VirtualService'>;
type Gateway = ObjectOf<'Gateway'>;
type Server = Gateway['spec']['servers'][number];

/** Whether anybody may speak HTTP or HTTPS with the server. */
function isOpen({ port, tls }: Server): boolean {
  if (port.protocol === 'HTTPS') return tls?.mode === 'SIMPLE' || tls?.mode === 'OPTIONAL_MUTUAL';
  return port.protocol === 'HTTP' || port.protocol === 'HTTP2' || port.protocol === 'GRPC';
}

function isBoundTo(virtualService: VirtualService, gateway: Gateway): boolean {
  const { namespace, name } = gateway.metadata;
  return (virtualService.spec.gateways ?? []).some(
    (bound) =>
      bound === `${namespace}/${name}` ||
      (bound === name && virtualService.metadata.namespace === gateway.metadata.namespace),
  );
}

function entriesOf(
  snapshot: MeshSnapshot,
  gateway: Gateway,
  server: Server,
  virtualService: VirtualService,
): readonly EntryPoint[] {
  const http = virtualService.spec.http?.[0];
  if (http === undefined) return [];
  const uri = http.match?.[0]?.uri;
  const path = uri?.exact ?? uri?.prefix ?? '/';
  const leadsTo = `${gateway.metadata.name}/${virtualService.metadata.name} → ${destinationText(snapshot, virtualService, http)}`;
  const hosts = (virtualService.spec.hosts ?? []).map((host) =>
    host === '*' ? concreteHost(server.hosts) : host.replace(/^\*/, 'any'),
  );
  const tls = server.port.protocol === 'HTTPS';
  return hosts.map((host) => ({ port: server.port.number, tls, host, path, leadsTo }));
}

/** A host that a Gateway server limited to some hosts accepts; undefined when it accepts any. */
function concreteHost(serverHosts: readonly string[]): string | undefined {
  const names = serverHosts.map((host) => host.slice(host.indexOf('/') + 1));
  return names.includes('*') ? undefined : names[0]?.replace(/^\*/, 'any');
}

type HttpRoute = NonNullable<VirtualService['spec']['http']>[number];

function destinationText(snapshot: MeshSnapshot, virtualService: VirtualService, http: HttpRoute): string {
  if (http.redirect !== undefined) return 'a redirect';
  const destinations = (http.route ?? []).map(({ destination, weight }) => {
    const host = destination.host.split('.')[0] ?? destination.host;
    const port = destination.port?.number === undefined ? '' : `:${destination.port.number}`;
    const subset = destination.subset === undefined ? '' : ` ${destination.subset}`;
    return `${host}${port}${subset}${weight === undefined ? '' : ` ${weight} %`}`;
  });
  const first = http.route?.[0];
  const workloads =
    http.route?.length === 1 && first !== undefined
      ? workloadsOf(snapshot, first.destination.host, virtualService.metadata.namespace ?? 'default')
      : [];
  return [destinations.join(' + '), workloads.join(' + ')].filter((part) => part !== '').join(' → ');
}

/** `test-deployment v1` for each Deployment that the Service of this host selects. */
function workloadsOf(snapshot: MeshSnapshot, host: string, ownNamespace: string): readonly string[] {
  const [name = host, namespace = ownNamespace] = host.split('.');
  const selector = snapshot.get('Service', namespace, name)?.spec.selector;
  if (selector === undefined) return [];
  return snapshot
    .inNamespace('Deployment', namespace)
    .filter(({ spec }) => selectsLabels(selector, spec.template.metadata?.labels ?? {}))
    .map(({ metadata, spec }) =>
      [metadata.name, spec.template.metadata?.labels?.['version']].filter(Boolean).join(' '),
    );
}
