import { type Diagnostic, diagnostic, type FieldPath, formatRef, type ResourceRef } from '@heddle/model';
import { type ClusterDomain, serviceHost } from '../hosts/host-name.ts';
import type { Memo } from '../memo.ts';
import { nameOf, namespaceOf, refOfObject, type Service, type ServiceEntry } from '../mesh-objects.ts';
import { type PortProtocol, parseProtocol, servicePortProtocol } from './port-protocol.ts';

/**
 * How the addresses behind a host are found: `endpoints` from the control plane; `dns` by the proxy, all addresses of a name at once
 * or (`dns-round-robin`) the first one; `none`: where the caller wanted to go.
 */
export type Resolution = 'endpoints' | 'dns' | 'dns-round-robin' | 'none';

/** An object's claim on a host: a Kubernetes Service, or one host of a ServiceEntry. */
export interface ServiceSource {
  readonly host: string;
  readonly ref: ResourceRef;
  readonly resolution: Resolution;
  /** IP addresses by which callers reach it; none for headless services. */
  readonly addresses: readonly string[];
  /** Blocks of such addresses, in CIDR notation. */
  readonly blocks: readonly string[];
  readonly ports: readonly SourcePort[];
  readonly object: Service | ServiceEntry;
}

/** One port of a {@link ServiceSource}. */
export interface SourcePort {
  readonly number: number;
  readonly name: string;
  readonly protocol: PortProtocol;
  /** The workload's port: a number or a container port's name. */
  readonly target: number | string;
  /** Where the port is declared in the object. */
  readonly path: FieldPath;
}

/** A port of a mesh service with the object that declares it. */
export interface MeshPort extends SourcePort {
  readonly source: ServiceSource;
}

/** A host as the mesh sees it, whichever objects declare it. */
export interface MeshService {
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
  /** Addresses of all sources, without repetition. */
  readonly addresses: readonly string[];
  /** Address blocks of all sources, without repetition. */
  readonly blocks: readonly string[];
  /** In ascending order; each number once. */
  readonly ports: readonly MeshPort[];
  readonly portsByNumber: ReadonlyMap<number, MeshPort>;
  /** The declaring objects; the first one decides where sources differ. */
  readonly sources: readonly ServiceSource[];
  /** A Kubernetes service in which callers address single pods (`clusterIP: None`). */
  readonly headless: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** What a Kubernetes Service declares. Ports other than TCP are left out: no proxy carries them. */
export function serviceSource(_memo: Memo, service: Service, domain: ClusterDomain): ServiceSource {
  const { spec } = service;
  const addresses = [...new Set([spec.clusterIP, ...(spec.clusterIPs ?? [])])].filter(
    (address): address is string => address !== undefined && address !== '' && address !== 'None',
  );
  const ports = (spec.ports ?? []).map((port, index): SourcePort => {
    const target = port.targetPort ?? port.port;
    const named = typeof target === 'string' && !/^\d+$/.test(target);
    return {
      number: port.port,
      name: port.name ?? '',
      protocol: servicePortProtocol(port),
      target: named ? target : Number(target) || port.port,
      path: ['spec', 'ports', index],
    };
  });
  return {
    host: serviceHost(nameOf(service), namespaceOf(service), domain),
    ref: refOfObject(service),
    resolution: externalNameOf(service) === undefined ? 'endpoints' : 'dns',
    addresses,
    blocks: [],
    ports: ports.filter((port) => port.protocol !== 'udp'),
    object: service,
  };
}

/** The name that a Service of type ExternalName stands for; undefined for others. */
export function externalNameOf({ spec }: Service): string | undefined {
  return spec.type === 'ExternalName' ? spec.externalName : undefined;
}

/** Callers of other names resolve them, whatever else the object says. */
function isHeadless({ object, resolution }: ServiceSource): boolean {
  return object.kind === 'Service' && object.spec.clusterIP === 'None' && resolution === 'endpoints';
}

/** The end of a block that holds one address. */
const SINGLE = /(?<=\.\d+)\/32$|(?<=:.*)\/128$/;

/** What a ServiceEntry declares: one source per host. */
export function serviceEntrySources(_memo: Memo, entry: ServiceEntry): readonly ServiceSource[] {
  const { spec } = entry;
  const ports = (spec.ports ?? []).map(
    (port, index): SourcePort => ({
      number: port.number,
      name: port.name ?? '',
      protocol: parseProtocol(port.protocol),
      target: port.targetPort ?? port.number,
      path: ['spec', 'ports', index],
    }),
  );
  const ref = refOfObject(entry);
  // Address ranges are matched by listeners, not by host headers; only single addresses are names of the service.
  // Envoy refuses domains that differ in case only.
  const written = (spec.addresses ?? []).map((address) => address.toLowerCase().replace(SINGLE, ''));
  const addresses = written.filter((address) => !address.includes('/'));
  const blocks = [...new Set(written.filter((address) => address.includes('/')))];
  return [...new Set(spec.hosts.map((host) => host.toLowerCase()))].map((host) => ({
    host,
    ref,
    resolution: RESOLUTIONS[spec.resolution ?? 'NONE'] ?? 'none',
    addresses,
    blocks,
    ports: ports.filter((port) => port.protocol !== 'udp'),
    object: entry,
  }));
}

const RESOLUTIONS: Readonly<Record<string, Resolution>> = {
  STATIC: 'endpoints',
  DNS: 'dns',
  DNS_ROUND_ROBIN: 'dns-round-robin',
};

/**
 * One host from all objects that declare it, in order of precedence. Each port number belongs to the first object that declares it;
 * the claims of later ones are reported and cost only themselves.
 */
export function mergeSources(_memo: Memo, first: ServiceSource, ...others: readonly ServiceSource[]): MeshService {
  const sources = [first, ...others];
  const diagnostics: Diagnostic[] = [];
  const byNumber = new Map<number, MeshPort>();
  for (const source of sources) {
    for (const port of source.ports) {
      const taken = byNumber.get(port.number);
      if (taken === undefined) byNumber.set(port.number, { ...port, source });
      else if (taken.source !== source) diagnostics.push(claimedTwice(source, port, taken.source));
    }
  }
  const ports = [...byNumber.values()].sort((a, b) => a.number - b.number);
  return {
    host: first.host,
    name: first.ref.name,
    namespace: first.ref.namespace,
    addresses: [...new Set(sources.flatMap((source) => source.addresses))],
    blocks: [...new Set(sources.flatMap((source) => source.blocks))],
    ports,
    portsByNumber: new Map(ports.map((port) => [port.number, port])),
    sources,
    headless: isHeadless(first),
    diagnostics,
  };
}

function claimedTwice(source: ServiceSource, port: SourcePort, winner: ServiceSource): Diagnostic {
  return diagnostic('HED203', {
    resource: source.ref,
    path: port.path,
    message: `port ${port.number} of host "${source.host}" is declared by ${formatRef(winner.ref)} already`,
    effect: 'this declaration of the port is not used',
    fix: 'remove the port or the host from one of the two',
  });
}
