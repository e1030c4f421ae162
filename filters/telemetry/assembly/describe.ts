import { properties, response } from "@heddle/wasm-sdk/assembly";
import { flagNames } from "./flags";
import { hostName, hostOfCluster, isMeshHost, Service, serviceOfHost } from "./service";
import { TelemetrySettings } from "./settings";
import { LATEST, namespaceOf, tidied, UNKNOWN, Workload } from "./workload";

/** Envoy's `TrafficDirection`. */
const INBOUND: i64 = 1;

/** Whether this proxy stands on the caller's side: as configured, else everywhere but at inbound listeners. */
export function reportsAsSource(settings: TelemetrySettings): bool {
  if (settings.reporter.length > 0) return settings.reporter == "source";
  return properties.integer("xds.listener_direction") != INBOUND;
}

/** The values of labels as they become known in the course of a stream, in the order of `LABELS`. */
export class Description {
  readonly values: string[];
  private isMutual: bool;

  /**
   * Those of the two sides and of the service.
   *
   * @param peer null if it has not said who it is
   * @param authority null if there is none, as in connections
   */
  constructor(
    private settings: TelemetrySettings, readonly isSource: bool, own: Workload, peer: Workload | null, authority: string | null,
  ) {
    const side = isSource ? "upstream." : "connection.";
    const ownPrincipal = principal(side + "uri_san_local_certificate");
    const peerPrincipal = principal(side + "uri_san_peer_certificate");
    this.isMutual = ownPrincipal.length > 0 && peerPrincipal.length > 0;
    let other = peer;
    if (other === null) {
      other = new Workload();
      other.canonicalRevision = LATEST;
    }
    // A certificate says it with more right than a header.
    const certified = namespaceOf(peerPrincipal);
    const otherNamespace = certified.length > 0 ? certified : other.namespace;
    const service = serviceOf(settings, authority);
    const values: string[] = [isSource ? "source" : "destination"];
    this.values = values;
    if (isSource) {
      addWorkload(values, own, own.namespace, ownPrincipal);
      addWorkload(values, other, otherNamespace, peerPrincipal);
    } else {
      addWorkload(values, other, otherNamespace, peerPrincipal);
      addWorkload(values, own, own.namespace, ownPrincipal);
    }
    // At the callee's side what is called is known, if not by which name.
    const fallback = isSource ? "" : own.canonicalService;
    values.push(known(service.host.length > 0 ? service.host : fallback));
    values.push(known(service.name.length > 0 ? service.name : fallback));
    values.push(known(service.namespace.length > 0 ? service.namespace : isSource ? otherNamespace : own.namespace));
  }

  addProtocol(protocol: string): void {
    this.values.push(protocol);
    this.values.push(flagNames(response.flags()));
    // As in Istio: the caller's proxy does not say.
    this.values.push(this.isSource ? UNKNOWN : this.isMutual ? "mutual_tls" : "none");
  }

  addResponse(code: i64, grpcStatus: i64): void {
    this.values.push(code.toString());
    this.values.push(grpcStatus < 0 ? "" : grpcStatus.toString());
  }

  /** What a table of series is asked for: labels that are not to be shown are empty. */
  shown(): string[] {
    const values = this.values.slice(0);
    for (let index = 0; index < values.length; index++) if (!this.settings.shown[index]) values[index] = "";
    return values;
  }
}

/** Whether the request goes to a service of the mesh, as far as its name tells. */
export function goesToMesh(settings: TelemetrySettings): bool {
  const host = hostOfCluster(clusterName());
  return host.length > 0 && (isMeshHost(host) || settings.services.has(host));
}

function addWorkload(values: string[], workload: Workload, namespace: string, principal: string): void {
  values.push(known(workload.name));
  values.push(known(namespace));
  values.push(known(principal));
  values.push(known(workload.app));
  values.push(known(workload.version));
  values.push(known(workload.canonicalService));
  values.push(known(workload.canonicalRevision));
  values.push(known(workload.cluster));
}

function known(value: string): string {
  return value.length == 0 ? UNKNOWN : value;
}

function principal(path: string): string {
  const name = properties.text(path);
  return name === null ? "" : tidied(name);
}

function clusterName(): string {
  const name = properties.text("xds.cluster_name");
  return name === null ? "" : name;
}

/** By the cluster, which the proxy's configuration names, or by a host that is configured: what else clients ask for is no label. */
function serviceOf(settings: TelemetrySettings, authority: string | null): Service {
  const cluster = clusterName();
  const host = hostOfCluster(cluster);
  if (host.length > 0) return serviceOfHost(tidied(host));
  let asked = "";
  if (authority !== null) {
    const name = hostName(authority);
    if (settings.services.has(name)) asked = name;
  }
  // No services: what has no route of its own, by the names of the clusters that Istio gives it to.
  if (cluster == "BlackHoleCluster" || cluster == "PassthroughCluster" || cluster.startsWith("InboundPassthroughCluster")) {
    return new Service(asked, cluster, "");
  }
  return asked.length > 0 ? serviceOfHost(asked) : new Service("", "", "");
}
