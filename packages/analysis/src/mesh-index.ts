import type { ObjectOf } from '@heddle/api';
import {
  fullHost,
  hostIsWithin,
  isWildcardHost,
  type Labels,
  likelyHost,
  type MeshSnapshot,
  type PortProtocol,
  parseProtocol,
  serviceHost,
  servicePortProtocol,
} from '@heddle/model';

export type DestinationRule = ObjectOf<'DestinationRule'>;
export type Gateway = ObjectOf<'Gateway'>;
export type Service = ObjectOf<'Service'>;
export type ServiceEntry = ObjectOf<'ServiceEntry'>;
export type Sidecar = ObjectOf<'Sidecar'>;
export type VirtualService = ObjectOf<'VirtualService'>;
export type HttpRule = NonNullable<VirtualService['spec']['http']>[number];

/** What runs pods: a Pod, or a Deployment by its template. */
export interface Workload {
  readonly object: ObjectOf<'Pod'> | ObjectOf<'Deployment'>;
  readonly namespace: string;
  readonly labels: Labels;
  /** Of all containers. */
  readonly ports: readonly { readonly name?: string; readonly containerPort: number }[];
}

/** A port of a host. */
export interface HostPort {
  readonly number: number;
  readonly name: string;
  readonly protocol: PortProtocol;
}

/** A host that Services or ServiceEntries declare. */
export interface MeshHost {
  readonly host: string;
  readonly namespace: string;
  readonly objects: readonly (Service | ServiceEntry)[];
  /** Each number once. */
  readonly ports: readonly HostPort[];
}

/** Gateways that are taken to run although no object among the manifests says so: those that Istio's profiles install. */
export const ASSUMED_GATEWAYS: readonly Labels[] = [
  { app: 'istio-ingressgateway', istio: 'ingressgateway' },
  { app: 'istio-egressgateway', istio: 'egressgateway' },
];

/** What analysis may be told about the mesh that its objects do not say. */
export interface MeshFacts {
  /** DNS domain of the cluster. Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** Namespace of mesh-wide settings. Default `istio-system`. */
  readonly rootNamespace?: string;
  /** Labels of gateway proxies that run without being declared. Default {@link ASSUMED_GATEWAYS}. */
  readonly assumedGateways?: readonly Labels[];
}

/** For how many unknown hosts the one that was meant is looked for. */
const MAX_GUESSES = 100;

/** The objects of a snapshot by what rules look them up by; each index is made when a rule first asks. */
export class MeshIndex {
  readonly snapshot: MeshSnapshot;
  readonly clusterDomain: string;
  readonly rootNamespace: string;
  readonly assumedGateways: readonly Labels[];
  #hosts: ReadonlyMap<string, MeshHost> | undefined;
  #workloads: readonly Workload[] | undefined;
  #workloadsByNamespace: ReadonlyMap<string, readonly Workload[]> | undefined;
  #gateways: ReadonlyMap<string, Gateway> | undefined;
  #namespaces: ReadonlySet<string> | undefined;
  #hostNames: readonly string[] | undefined;
  readonly #likely = new Map<string, string | undefined>();
  #rules: ReadonlyMap<string, readonly DestinationRule[]> | undefined;

  constructor(snapshot: MeshSnapshot, facts: MeshFacts = {}) {
    this.snapshot = snapshot;
    this.clusterDomain = facts.clusterDomain ?? 'cluster.local';
    this.rootNamespace = facts.rootNamespace ?? 'istio-system';
    this.assumedGateways = facts.assumedGateways ?? ASSUMED_GATEWAYS;
  }

  /** A host as an object in a namespace refers to it, in full. */
  fullHost(host: string, namespace: string): string {
    return fullHost(host, namespace, this.clusterDomain);
  }

  /** Hosts of Services and ServiceEntries by their full lower-case name. */
  get hosts(): ReadonlyMap<string, MeshHost> {
    this.#hosts ??= indexHosts(this);
    return this.#hosts;
  }

  /** The declared host that stands for a host in full: itself, or the narrowest wildcard of a ServiceEntry around it. */
  hostFor(host: string): MeshHost | undefined {
    const exact = this.hosts.get(host);
    if (exact !== undefined) return exact;
    let best: MeshHost | undefined;
    for (const candidate of this.hosts.values()) {
      if (!isWildcardHost(candidate.host) || !hostIsWithin(host, candidate.host)) continue;
      if (best === undefined || candidate.host.length > best.host.length) best = candidate;
    }
    return best;
  }

  /** The declared host that was likely meant by one that nobody declares. */
  likelyHost(host: string): string | undefined {
    if (this.#likely.has(host)) return this.#likely.get(host);
    // Looking takes time linear in the mesh: whoever has hundreds of unknown hosts has another problem than typing errors.
    if (this.#likely.size >= MAX_GUESSES) return undefined;
    this.#hostNames ??= [...this.hosts.keys()];
    const near = likelyHost(host, this.#hostNames);
    this.#likely.set(host, near);
    return near;
  }

  /** DestinationRules by the full host that they name; wildcards under their own text. */
  get destinationRules(): ReadonlyMap<string, readonly DestinationRule[]> {
    if (this.#rules === undefined) {
      const rules = new Map<string, DestinationRule[]>();
      for (const rule of this.snapshot.list('DestinationRule')) {
        push(rules, this.fullHost(rule.spec.host, namespaceOf(rule)), rule);
      }
      this.#rules = rules;
    }
    return this.#rules;
  }

  /** The DestinationRules that may speak for a host: those that name it and those with a wildcard around it. */
  rulesFor(host: string): readonly DestinationRule[] {
    const found = [...(this.destinationRules.get(host) ?? [])];
    for (const [pattern, rules] of this.destinationRules) {
      if (isWildcardHost(pattern) && pattern !== host && hostIsWithin(host, pattern)) found.push(...rules);
    }
    return found;
  }

  /** Gateways by `namespace/name`. */
  get gateways(): ReadonlyMap<string, Gateway> {
    this.#gateways ??= new Map(
      this.snapshot.list('Gateway').map((gateway) => [`${namespaceOf(gateway)}/${gateway.metadata.name}`, gateway]),
    );
    return this.#gateways;
  }

  get workloads(): readonly Workload[] {
    this.#workloads ??= [
      ...this.snapshot.list('Pod').map(podWorkload),
      ...this.snapshot.list('Deployment').map(deploymentWorkload),
    ];
    return this.#workloads;
  }

  /** The workloads of a namespace. */
  workloadsIn(namespace: string): readonly Workload[] {
    if (this.#workloadsByNamespace === undefined) {
      const byNamespace = new Map<string, Workload[]>();
      for (const workload of this.workloads) push(byNamespace, workload.namespace, workload);
      this.#workloadsByNamespace = byNamespace;
    }
    return this.#workloadsByNamespace.get(namespace) ?? [];
  }

  /** Every namespace that an object declares or stands in, and those that every cluster has. */
  get namespaces(): ReadonlySet<string> {
    if (this.#namespaces === undefined) {
      const found = new Set(['default', 'kube-system', 'kube-public', this.rootNamespace]);
      for (const { object } of this.snapshot.objects()) {
        if (object.kind === 'Namespace') found.add(object.metadata.name);
        else found.add(namespaceOf(object));
      }
      this.#namespaces = found;
    }
    return this.#namespaces;
  }
}

/** The namespace of a namespaced object; sources default it to `default` already. */
export function namespaceOf(object: { readonly metadata: { readonly namespace?: string } }): string {
  return object.metadata.namespace ?? 'default';
}

/** `a=1,b=2`, as kubectl writes selectors. */
export function formatLabels(labels: Labels | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** Adds to the list under a key. */
export function push<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function podWorkload(object: ObjectOf<'Pod'>): Workload {
  const { metadata, spec } = object;
  return { object, namespace: namespaceOf(object), labels: metadata.labels ?? {}, ports: portsOf(spec.containers) };
}

function deploymentWorkload(object: ObjectOf<'Deployment'>): Workload {
  const { metadata, spec } = object.spec.template;
  return { object, namespace: namespaceOf(object), labels: metadata?.labels ?? {}, ports: portsOf(spec.containers) };
}

function portsOf(containers: readonly { readonly ports?: Workload['ports'] }[] | undefined): Workload['ports'] {
  return (containers ?? []).flatMap(({ ports }) => ports ?? []);
}

function indexHosts(mesh: MeshIndex): ReadonlyMap<string, MeshHost> {
  interface Growing {
    readonly namespace: string;
    readonly objects: (Service | ServiceEntry)[];
    readonly ports: Map<number, HostPort>;
  }
  const hosts = new Map<string, Growing>();
  const add = (host: string, object: Service | ServiceEntry, ports: readonly HostPort[]): void => {
    let known = hosts.get(host);
    if (known === undefined) {
      known = { namespace: namespaceOf(object), objects: [], ports: new Map() };
      hosts.set(host, known);
    }
    known.objects.push(object);
    for (const port of ports) if (!known.ports.has(port.number)) known.ports.set(port.number, port);
  };
  for (const service of mesh.snapshot.list('Service')) {
    const host = serviceHost(service.metadata.name, namespaceOf(service), mesh.clusterDomain);
    const ports = (service.spec.ports ?? [])
      .map((port) => ({ number: port.port, name: port.name ?? '', protocol: servicePortProtocol(port) }))
      .filter(({ protocol }) => protocol !== 'udp');
    add(host, service, ports);
  }
  for (const entry of mesh.snapshot.list('ServiceEntry')) {
    const ports = (entry.spec.ports ?? []).map((port) => ({
      number: port.number,
      name: port.name ?? '',
      protocol: parseProtocol(port.protocol),
    }));
    for (const host of new Set(entry.spec.hosts.map((text) => text.toLowerCase()))) add(host, entry, ports);
  }
  return new Map(
    [...hosts].map(([host, { namespace, objects, ports }]) => [
      host,
      { host, namespace, objects, ports: [...ports.values()] },
    ]),
  );
}
