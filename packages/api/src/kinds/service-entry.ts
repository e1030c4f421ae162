import { hostLabel, isHostName } from '../formats/dns-name.ts';
import { destinationHost } from '../formats/host.ts';
import { ipSubnet, isIpAddress } from '../formats/ip-address.ts';
import { labelKey, labelValue } from '../formats/label.ts';
import { plainText } from '../formats/text.ts';
import type { KindDeclaration } from '../kind.ts';
import {
  array,
  type Infer,
  inert,
  integer,
  map,
  object,
  pending,
  type ReportProblem,
  required,
  string,
} from '../schema.ts';
import { portNumber } from './destination.ts';
import { checkExportTo, exportTargets } from './export-to.ts';
import { IstioStatus } from './istio-status.ts';

/** Protocols of a service's port, as Istio names them; case does not count. TCP if absent. */
const PortProtocol = string({
  values: ['HTTP', 'HTTP2', 'GRPC', 'TCP', 'HTTPS', 'TLS'],
  pendingValues: ['GRPC-WEB', 'HTTP_PROXY', 'MONGO', 'REDIS', 'MYSQL', 'UDP'],
  ignoreCase: true,
  emptyIsAbsent: true,
});

/** Istio `ServicePort`. */
export const ServiceEntryPort = object({
  number: required(portNumber),
  name: required(string({ format: hostLabel })),
  protocol: PortProtocol,
  targetPort: portNumber,
});
export type ServiceEntryPort = Infer<typeof ServiceEntryPort>;

/** Istio `WorkloadEntry` as the endpoint of a ServiceEntry. */
export const ServiceEntryEndpoint = object(
  {
    address: string({
      maxLength: 256,
      emptyIsAbsent: true,
      doc: 'An IP address; a DNS name with resolution DNS; or unix:// and a path.',
    }),
    ports: map(portNumber, {
      keys: hostLabel,
      maxEntries: 128,
      doc: 'By the name of the service’s port; the port’s number if absent.',
    }),
    labels: map(string({ format: labelValue }), { keys: labelKey, maxEntries: 256 }),
    weight: integer({ minimum: 0, maximum: 4_294_967_295 }),
    network: pending(string({ maxLength: 2048, emptyIsAbsent: true })),
    locality: pending(string({ maxLength: 2048, format: plainText, emptyIsAbsent: true })),
    serviceAccount: pending(string({ maxLength: 253, emptyIsAbsent: true })),
  },
  {
    check: (endpoint, report) => {
      if (endpoint.address === undefined && endpoint.network === undefined)
        report({ message: 'found no address', wanted: 'address' });
    },
  },
);
export type ServiceEntryEndpoint = Infer<typeof ServiceEntryEndpoint>;

/** Istio `networking.istio.io ServiceEntry`: a service that Kubernetes does not know (https://istio.io/latest/docs/reference/config/networking/service-entry/). */
export const ServiceEntrySpec = object(
  {
    hosts: required(array(string({ format: destinationHost }), { minItems: 1, maxItems: 256 })),
    addresses: array(string({ format: ipSubnet, maxLength: 64 }), {
      maxItems: 256,
      doc: 'IP addresses, and blocks of them, by which callers reach the hosts: single ones are names of them for HTTP, all are told apart by listeners for other protocols.',
    }),
    ports: array(ServiceEntryPort, { maxItems: 256 }),
    location: inert(
      string({
        values: ['MESH_EXTERNAL'],
        pendingValues: ['MESH_INTERNAL'],
        doc: 'MESH_EXTERNAL if absent. Decides about mutual TLS, so that MESH_INTERNAL changes nothing yet.',
      }),
    ),
    resolution: string({
      values: ['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN'],
      pendingValues: ['DYNAMIC_DNS'],
      doc: 'How addresses are found. NONE if absent: the address the client asked for.',
    }),
    endpoints: array(ServiceEntryEndpoint, { maxItems: 4096 }),
    workloadSelector: pending(
      object({ labels: map(string({ format: labelValue }), { keys: labelKey, maxEntries: 256 }) }),
    ),
    exportTo: exportTargets,
    subjectAltNames: array(string()),
  },
  {
    oneOf: [{ fields: ['workloadSelector', 'endpoints'], wanted: 'atMostOne' }],
    check: (spec, report) => checkServiceEntry(spec, report),
  },
);
export type ServiceEntrySpec = Infer<typeof ServiceEntrySpec>;

const HTTP_OR_TLS: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTP_PROXY', 'HTTPS', 'TLS']);

function checkServiceEntry(spec: ServiceEntrySpec, report: ReportProblem): void {
  const resolution = spec.resolution ?? 'NONE';
  const ports = spec.ports ?? [];
  checkPorts(ports, report);
  for (const [index, address] of (spec.addresses ?? []).entries()) {
    if (address.includes('/') && resolution !== 'NONE' && resolution !== 'STATIC') {
      report({
        path: ['addresses', index],
        message: `found the block "${address}" with resolution ${resolution}`,
        wanted: 'a single address',
      });
    }
  }
  checkEndpoints(spec, resolution, report);
  if (resolution === 'DYNAMIC_DNS') checkDynamicDns(spec, report);
  const [first] = ports.filter((port) => !HTTP_OR_TLS.has(port.protocol ?? 'TCP'));
  if (resolution !== 'NONE' && spec.hosts.length > 1 && first !== undefined) {
    report({
      path: ['ports', ports.indexOf(first), 'protocol'],
      message: `found ${spec.hosts.length} hosts on a ${first.protocol ?? 'TCP'} port, where hosts cannot be told apart`,
      wanted: 'one host, or an HTTP or TLS port',
    });
  }
  checkExportTo(spec.exportTo, report, { allowNone: true });
}

function checkPorts(ports: readonly ServiceEntryPort[], report: ReportProblem): void {
  const names = new Set<string>();
  const numbers = new Set<number>();
  for (const [index, { name, number }] of ports.entries()) {
    if (names.has(name))
      report({ path: ['ports', index, 'name'], message: `found two ports named "${name}"`, wanted: 'each name once' });
    if (numbers.has(number))
      report({ path: ['ports', index, 'number'], message: `found port ${number} twice`, wanted: 'each number once' });
    names.add(name);
    numbers.add(number);
  }
}

/** Envoy adds the weights of a cluster's endpoints up in 32 bits. */
const MAX_TOTAL_WEIGHT = 4_294_967_295;

function checkEndpoints(spec: ServiceEntrySpec, resolution: string, report: ReportProblem): void {
  const endpoints = spec.endpoints ?? [];
  const portNames = new Set((spec.ports ?? []).map((port) => port.name));
  if (resolution === 'NONE' && endpoints.length > 0) {
    report({
      path: ['endpoints'],
      message: 'found endpoints with resolution NONE',
      wanted: 'resolution STATIC or DNS',
    });
    return;
  }
  if (resolution.startsWith('DNS') && endpoints.length === 0) {
    const index = spec.hosts.findIndex((host) => !isHostName(host));
    if (index !== -1) {
      report({
        path: ['hosts', index],
        message: `found "${spec.hosts[index]}", which DNS cannot resolve`,
        wanted: 'a host without wildcard, or endpoints',
      });
    }
  }
  if (resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1) {
    report({
      path: ['endpoints'],
      message: `found ${endpoints.length} endpoints with resolution DNS_ROUND_ROBIN`,
      wanted: 'at most one',
    });
  }
  if (endpoints.reduce((sum, endpoint) => sum + Math.max(endpoint.weight ?? 1, 1), 0) > MAX_TOTAL_WEIGHT) {
    report({
      path: ['endpoints'],
      message: 'found weights that add up to too much',
      wanted: `at most ${MAX_TOTAL_WEIGHT}`,
    });
  }
  for (const [index, endpoint] of endpoints.entries()) {
    checkAddress(endpoint, index, resolution, portNames.size, report);
    for (const name of Object.keys(endpoint.ports ?? {})) {
      if (!portNames.has(name)) {
        report({
          path: ['endpoints', index, 'ports', name],
          message: `found port "${name}", which spec.ports does not have`,
          wanted: [...portNames].join(', '),
        });
      }
    }
  }
}

function checkAddress(
  endpoint: ServiceEntryEndpoint,
  index: number,
  resolution: string,
  ports: number,
  report: ReportProblem,
): void {
  const { address } = endpoint;
  if (address === undefined) return;
  const path = ['endpoints', index, 'address'];
  const say = (wanted: string): void => report({ path, message: `found "${address}"`, wanted });
  if (resolution === 'STATIC' && address.startsWith('unix://')) {
    if (!/^unix:\/\/(?:@.|\/.*[^/]$)/.test(address) || address.length > 115)
      say('unix:// and an absolute path of at most 107 characters');
    if (endpoint.ports !== undefined)
      report({ path: ['endpoints', index, 'ports'], message: 'found ports of a Unix socket', wanted: 'none' });
    if (ports !== 1)
      report({ path, message: `found a Unix socket and ${ports} service ports`, wanted: 'one service port' });
  } else if (resolution === 'STATIC') {
    if (!isIpAddress(address)) say('an IP address, or resolution DNS');
  } else if (!isIpAddress(address) && !isHostName(address)) {
    say('a DNS name or an IP address');
  }
}

function checkDynamicDns(spec: ServiceEntrySpec, report: ReportProblem): void {
  for (const [index, host] of spec.hosts.entries()) {
    if (!host.startsWith('*'))
      report({
        path: ['hosts', index],
        message: `found "${host}" with resolution DYNAMIC_DNS`,
        wanted: 'a wildcard host',
      });
  }
  for (const field of ['addresses', 'endpoints'] as const) {
    if ((spec[field]?.length ?? 0) > 0)
      report({ path: [field], message: `found ${field} with resolution DYNAMIC_DNS`, wanted: 'none' });
  }
  for (const [index, port] of (spec.ports ?? []).entries()) {
    if (!['HTTP', 'TLS', 'GRPC', 'HTTP2'].includes(port.protocol ?? 'TCP')) {
      report({
        path: ['ports', index, 'protocol'],
        message: `found ${port.protocol ?? 'TCP'} with resolution DYNAMIC_DNS`,
        wanted: 'HTTP, HTTP2, GRPC or TLS',
      });
    }
  }
}

export const ServiceEntry: KindDeclaration<'ServiceEntry', ServiceEntrySpec> = {
  kind: 'ServiceEntry',
  group: 'networking.istio.io',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
  scope: 'namespaced',
  plural: 'serviceentries',
  spec: ServiceEntrySpec,
  status: IstioStatus,
};
