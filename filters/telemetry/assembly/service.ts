/** The service that a request is for, as the labels name it. */
export class Service {
  constructor(readonly host: string, readonly name: string, readonly namespace: string) {}
}

/**
 * The host within the name of a cluster that Istio or Heddle made for it, `outbound|80|v1|reviews.default.svc.cluster.local`; empty for
 * others.
 */
export function hostOfCluster(cluster: string): string {
  if (!cluster.startsWith("outbound|") && !cluster.startsWith("inbound|")) return "";
  return cluster.substring(cluster.lastIndexOf("|") + 1);
}

/** Whether a host has a name as services in Kubernetes have: `reviews.default.svc.cluster.local`. */
export function isMeshHost(host: string): bool {
  return host.includes(".svc.");
}

/** A service by its host: in Kubernetes' names the first part is the service and the second its namespace. */
export function serviceOfHost(host: string): Service {
  const first = host.indexOf(".");
  const second = first < 0 ? -1 : host.indexOf(".", first + 1);
  if (second > 0 && host.substr(second, 5) == ".svc.") return new Service(host, host.substring(0, first), host.substring(first + 1, second));
  return new Service(host, host, "");
}

/** A host header without its port, in lower case. Written out for ASCII: `toLowerCase` brings along all of Unicode's tables. */
export function hostName(authority: string): string {
  const colon = authority.lastIndexOf(":");
  const end = colon < 0 || authority.indexOf("]", colon) >= 0 ? authority.length : colon;
  let lower = "";
  let from = 0;
  for (let index = 0; index < end; index++) {
    const unit = authority.charCodeAt(index);
    if (unit < 0x41 || unit > 0x5a) continue;
    lower += authority.substring(from, index) + String.fromCharCode(unit | 0x20);
    from = index + 1;
  }
  return lower + authority.substring(from, end);
}
