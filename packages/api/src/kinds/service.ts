import { dns1035Label, dnsLabel, dnsSubdomain } from '../formats/dns-name.ts';
import { isIpAddress } from '../formats/ip-address.ts';
import { labelKey, labelValue } from '../formats/label.ts';
import type { KindDeclaration } from '../kind.ts';
import {
  array,
  boolean,
  type Infer,
  inert,
  integer,
  intOrString,
  map,
  object,
  pending,
  type ReportProblem,
  required,
  string,
} from '../schema.ts';
import { portNumber } from './destination.ts';
import { Conditions } from './kubernetes-conditions.ts';
import { portName } from './port-name.ts';

/** Kubernetes `core/v1 ServicePort`. */
export const ServicePort = object({
  name: string({
    format: dnsLabel,
    emptyIsAbsent: true,
    doc: 'Begins with the protocol for the mesh (http, grpc-web…), as Istio reads it.',
  }),
  protocol: string({ values: ['TCP', 'UDP', 'SCTP'], doc: 'TCP if absent; a mesh carries TCP only.' }),
  appProtocol: string({ maxLength: 255, doc: 'Protocol for the mesh; goes before what the name says.' }),
  port: required(portNumber),
  targetPort: intOrString({
    minimum: 0,
    maximum: 65535,
    format: portName,
    doc: 'Number or name of the container’s port; port if absent.',
  }),
  nodePort: inert(integer({ minimum: 0, maximum: 65535 })),
});
export type ServicePort = Infer<typeof ServicePort>;

/** `None`, nothing, or an address. */
const clusterIp = {
  name: 'cluster-ip',
  check: (text: string): string | undefined =>
    text === 'None' || isIpAddress(text) ? undefined : 'an IP address or None',
};

/** Kubernetes `core/v1 Service` spec (https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/). */
export const ServiceSpec = object(
  {
    selector: map(string({ format: labelValue }), {
      keys: labelKey,
      doc: 'Labels of the pods that stand behind the service.',
    }),
    ports: array(ServicePort),
    clusterIP: string({ format: clusterIp, emptyIsAbsent: true, doc: 'None makes the service headless.' }),
    type: string({
      values: ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'],
      doc: 'ExternalName makes it another name of a host that DNS knows.',
    }),
    publishNotReadyAddresses: boolean({ doc: 'Pods that are not ready are endpoints too.' }),
    externalName: string({
      format: dnsSubdomain,
      emptyIsAbsent: true,
      doc: 'The host behind a service of type ExternalName.',
    }),
    sessionAffinity: inert(string({ values: ['None'], pendingValues: ['ClientIP'] })),
    sessionAffinityConfig: pending(
      object({ clientIP: object({ timeoutSeconds: integer({ minimum: 1, maximum: 86_400 }) }) }),
    ),
    internalTrafficPolicy: inert(string({ values: ['Cluster'], pendingValues: ['Local'] })),
    trafficDistribution: pending(string()),
    allocateLoadBalancerNodePorts: inert(boolean()),
    clusterIPs: array(string({ format: clusterIp })),
    externalIPs: inert(array(string())),
    externalTrafficPolicy: inert(string({ values: ['Cluster', 'Local', ''] })),
    healthCheckNodePort: inert(integer()),
    ipFamilies: inert(array(string({ values: ['', 'IPv4', 'IPv6'] }))),
    ipFamilyPolicy: inert(string({ values: ['SingleStack', 'PreferDualStack', 'RequireDualStack'] })),
    loadBalancerClass: inert(string()),
    loadBalancerIP: inert(string()),
    loadBalancerSourceRanges: inert(array(string())),
  },
  { check: (spec, report) => checkService(spec, report) },
);
export type ServiceSpec = Infer<typeof ServiceSpec>;

function checkService(spec: ServiceSpec, report: ReportProblem): void {
  const ports = spec.ports ?? [];
  if (ports.length === 0 && spec.type !== 'ExternalName' && spec.clusterIP !== 'None') {
    report({ path: ['ports'], message: 'found no ports', wanted: 'at least one' });
  }
  if (spec.type === 'ExternalName' && spec.externalName === undefined) {
    report({ path: ['externalName'], message: 'found type ExternalName without externalName', wanted: 'a DNS name' });
  }
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, { name, port, protocol = 'TCP' }] of ports.entries()) {
    const key = `${port}/${protocol}`;
    if (numbers.has(key))
      report({ path: ['ports', index, 'port'], message: `found port ${key} twice`, wanted: 'each port once' });
    numbers.add(key);
    if (name === undefined) {
      if (ports.length > 1)
        report({
          path: ['ports', index, 'name'],
          message: 'found a port without name among several',
          wanted: 'a name',
        });
      continue;
    }
    if (names.has(name))
      report({ path: ['ports', index, 'name'], message: `found two ports named "${name}"`, wanted: 'each name once' });
    names.add(name);
  }
}

/** Kubernetes `core/v1 Service` status: written by the cluster, not read. */
const ServiceStatus = inert(
  object({
    conditions: Conditions,
    loadBalancer: object({
      ingress: array(
        object({
          hostname: string(),
          ip: string(),
          ipMode: string(),
          ports: array(object({ error: string(), port: integer(), protocol: string() })),
        }),
      ),
    }),
  }),
);

export const Service: KindDeclaration<'Service', ServiceSpec> = {
  kind: 'Service',
  group: '',
  versions: ['v1'],
  scope: 'namespaced',
  plural: 'services',
  nameFormat: dns1035Label,
  // networking.istio.io/exportTo
  appliedMetadata: ['annotations'],
  spec: ServiceSpec,
  status: ServiceStatus,
};
