import { formatRef, refOf, selectsLabels, servicePortProtocol } from '@heddle/model';
import { formatLabels, type MeshIndex, namespaceOf, push, type Service, type Workload } from '../mesh-index.ts';
import type { AnalysisRule } from '../rule.ts';
import { destinationsOf } from './destinations.ts';

/** Destinations that name a port which the host does not have. */
const unknownPort: AnalysisRule = {
  name: 'unknown-destination-port',
  code: 'HED202',
  scope: 'mesh',
  about: 'a route leads to a port that its host does not have',
  *check(mesh) {
    for (const { virtualService, destination, path } of destinationsOf(mesh)) {
      const number = destination.port?.number;
      const host = mesh.hostFor(mesh.fullHost(destination.host, namespaceOf(virtualService)));
      if (number === undefined || host === undefined || host.ports.some((port) => port.number === number)) continue;
      const known = host.ports.map((port) => port.number).join(', ');
      yield {
        object: virtualService,
        path: [...path, 'port', 'number'],
        message: `"${host.host}" has no port ${number}${known === '' ? '' : `, only ${known}`}`,
        effect: 'requests that are sent there are answered with 503 (no cluster)',
        fix: known === '' ? 'declare the port in the service' : `name one of ${known}`,
      };
    }
  },
};

/** Destinations that leave open which of several ports is meant. */
const portRequired: AnalysisRule = {
  name: 'destination-port-required',
  code: 'IST0112',
  scope: 'mesh',
  about: 'a route leads to a host with several ports and does not say to which',
  *check(mesh) {
    for (const { virtualService, destination, path } of destinationsOf(mesh)) {
      const host = mesh.hostFor(mesh.fullHost(destination.host, namespaceOf(virtualService)));
      if (destination.port !== undefined || host === undefined || host.ports.length < 2) continue;
      const known = host.ports.map((port) => port.number).join(', ');
      yield {
        object: virtualService,
        path,
        message: `"${host.host}" has the ports ${known}, and no port.number says which is meant`,
        effect: 'the port that the request came to is used; where the host does not have it, the answer is 503',
        fix: `set port.number to one of ${known}`,
      };
    }
  },
};

/** Ports of Services that say nothing about their protocol. */
const portName: AnalysisRule = {
  name: 'port-name',
  code: 'IST0118',
  scope: 'object',
  about: 'a port of a Service says by neither name nor appProtocol what it speaks',
  *check(mesh) {
    for (const service of mesh.snapshot.list('Service')) {
      if (namespaceOf(service).startsWith('kube-')) continue;
      for (const [index, port] of (service.spec.ports ?? []).entries()) {
        if (servicePortProtocol(port) !== 'undeclared') continue;
        const named = port.name !== undefined && port.name !== '';
        yield {
          object: service,
          path: ['spec', 'ports', index, ...(named ? ['name'] : [])],
          message: `port ${port.port}${named ? ` is named "${port.name}"` : ' has no name'}, which does not tell its protocol`,
          effect: 'proxies look at the first bytes of each connection to tell HTTP from other protocols',
          fix: 'begin the name with the protocol (http-, grpc-, tcp- …), or set appProtocol',
        };
      }
    }
  },
};

/** Target ports by a name that no container has. */
const unknownTargetPort: AnalysisRule = {
  name: 'unknown-target-port',
  code: 'HED208',
  scope: 'mesh',
  about: 'a Service names a target port that the containers behind it do not have',
  *check(mesh) {
    for (const { service, workloads } of selections(mesh)) {
      for (const [index, port] of (service.spec.ports ?? []).entries()) {
        const target = port.targetPort;
        if (typeof target !== 'string' || /^\d+$/.test(target)) continue;
        const lacking = workloads.filter((workload) => workload.ports.every(({ name }) => name !== target));
        const [first] = lacking;
        if (first === undefined) continue;
        yield {
          object: service,
          path: ['spec', 'ports', index, 'targetPort'],
          message: `no container of ${formatRef(refOf(first.object))}${lacking.length > 1 ? ` and ${lacking.length - 1} more` : ''} has a port named "${target}"`,
          effect: 'the workload gets no traffic on this port',
          fix: `name a container port "${target}", or give the port by number`,
        };
      }
    }
  },
};

/** Several Services that give one workload's port different numbers. */
const conflictingPorts: AnalysisRule = {
  name: 'conflicting-service-ports',
  code: 'IST0137',
  scope: 'mesh',
  about: 'several Services lead to one port of a workload by different port numbers',
  *check(mesh) {
    for (const { workload, claims } of claimsByTarget(mesh)) {
      const [first, ...others] = claims;
      const other = others.find((claim) => claim.port !== first?.port);
      if (first === undefined || other === undefined) continue;
      yield {
        object: other.service,
        path: ['spec', 'ports', other.index],
        message: `port ${other.port} leads to the same port of ${formatRef(refOf(workload.object))} as port ${first.port} of ${formatRef(refOf(first.service))}`,
        effect:
          'a proxy beside the workload can tell the two only by the port that was called, which not all ways in keep',
        fix: 'use the same port number in both Services, or different target ports',
      };
    }
  },
};

/** Several Services that say different things about the protocol of one workload's port. */
const conflictingProtocols: AnalysisRule = {
  name: 'conflicting-service-protocols',
  code: 'IST0116',
  scope: 'mesh',
  about: 'several Services give one port of a workload different protocols',
  *check(mesh) {
    for (const { workload, claims } of claimsByTarget(mesh)) {
      const [first, ...others] = claims;
      const other = others.find((claim) => claim.port === first?.port && claim.protocol !== first?.protocol);
      if (first === undefined || other === undefined) continue;
      yield {
        object: other.service,
        path: ['spec', 'ports', other.index],
        message: `it takes a port of ${formatRef(refOf(workload.object))} for ${other.protocol}, ${formatRef(refOf(first.service))} takes it for ${first.protocol}`,
        effect: 'which of the two protocols is spoken depends on who calls',
        fix: 'declare the same protocol in both Services',
      };
    }
  },
};

/** Ports of ExternalName Services that would be taken for TCP. */
const externalNamePort: AnalysisRule = {
  name: 'external-name-port',
  code: 'IST0150',
  scope: 'object',
  about: 'a port of an ExternalName Service is not declared as HTTP',
  *check(mesh) {
    for (const service of mesh.snapshot.list('Service')) {
      if (service.spec.type !== 'ExternalName') continue;
      for (const [index, port] of (service.spec.ports ?? []).entries()) {
        const protocol = servicePortProtocol(port);
        if (protocol !== 'tcp' && protocol !== 'undeclared') continue;
        yield {
          object: service,
          path: ['spec', 'ports', index],
          message: `port ${port.port} of an ExternalName Service is ${protocol === 'tcp' ? 'TCP' : 'of no declared protocol'}`,
          effect: 'proxies may take the whole port at every address, and traffic to other hosts on it goes astray',
          fix: 'declare http, https, tls or grpc by the name of the port',
        };
      }
    }
  },
};

interface Claim {
  readonly service: Service;
  /** In `spec.ports`. */
  readonly index: number;
  readonly port: number;
  readonly protocol: string;
}

/** The Services with the workloads they select; those that select nothing are left out. */
export function* selections(
  mesh: MeshIndex,
): Generator<{ readonly service: Service; readonly workloads: readonly Workload[] }> {
  for (const service of mesh.snapshot.list('Service')) {
    if (formatLabels(service.spec.selector) === '') continue;
    const workloads = mesh
      .workloadsIn(namespaceOf(service))
      .filter(({ labels }) => selectsLabels(service.spec.selector, labels));
    if (workloads.length > 0) yield { service, workloads };
  }
}

/** For each port of a Deployment that several ports of Services lead to: those. */
function* claimsByTarget(
  mesh: MeshIndex,
): Generator<{ readonly workload: Workload; readonly claims: readonly Claim[] }> {
  const byWorkload = new Map<Workload, Map<string, Claim[]>>();
  for (const { service, workloads } of selections(mesh)) {
    for (const workload of workloads) {
      if (workload.object.kind !== 'Deployment') continue;
      const targets = byWorkload.get(workload) ?? new Map<string, Claim[]>();
      byWorkload.set(workload, targets);
      for (const [index, port] of (service.spec.ports ?? []).entries()) {
        const claim = { service, index, port: port.port, protocol: servicePortProtocol(port) };
        push(targets, String(port.targetPort ?? port.port), claim);
      }
    }
  }
  for (const [workload, targets] of byWorkload) {
    for (const claims of targets.values()) {
      if (new Set(claims.map(({ service }) => service)).size > 1) yield { workload, claims };
    }
  }
}

export const portRules: readonly AnalysisRule[] = [
  unknownPort,
  portRequired,
  portName,
  unknownTargetPort,
  conflictingPorts,
  conflictingProtocols,
  externalNamePort,
];
