import { formatRef, refOf, selectsLabels } from '@heddle/model';
import { formatLabels, namespaceOf } from '../mesh-index.ts';
import type { AnalysisRule } from '../rule.ts';

/** Services that select nothing. */
const withoutWorkload: AnalysisRule = {
  name: 'service-without-workload',
  code: 'HED206',
  scope: 'mesh',
  about: 'a Service selects labels that no Pod and no Deployment has',
  *check(mesh) {
    for (const service of mesh.snapshot.list('Service')) {
      const { selector } = service.spec;
      if (formatLabels(selector) === '' || service.spec.type === 'ExternalName') continue;
      if (mesh.workloadsIn(namespaceOf(service)).some(({ labels }) => selectsLabels(selector, labels))) continue;
      yield {
        object: service,
        path: ['spec', 'selector'],
        message: `no Pod and no Deployment in namespace "${namespaceOf(service)}" has the labels ${formatLabels(selector)}`,
        effect: `requests to ${formatRef(refOf(service))} are answered with 503 (no healthy upstream)`,
        fix: 'correct the selector or the labels of the pods',
      };
    }
  },
};

/** Hosts that several objects declare with the same port. */
const claimedTwice: AnalysisRule = {
  name: 'host-declared-twice',
  code: 'HED203',
  scope: 'mesh',
  about: 'two objects declare the same port of the same host',
  *check(mesh) {
    for (const { host, objects } of mesh.hosts.values()) {
      const owners = new Map<number, (typeof objects)[number]>();
      for (const object of objects) {
        for (const [index, port] of (object.spec.ports ?? []).entries()) {
          const number = 'port' in port ? port.port : port.number;
          const owner = owners.get(number);
          if (owner === undefined || owner === object) {
            owners.set(number, object);
            continue;
          }
          yield {
            object,
            path: ['spec', 'ports', index],
            message: `port ${number} of host "${host}" is declared by ${formatRef(refOf(owner))} already`,
            effect: 'this declaration of the port is not used',
            fix: 'remove the port or the host from one of the two',
          };
        }
      }
    }
  },
};

/** TCP ports of ServiceEntries without an address to know them by. */
const addressesRequired: AnalysisRule = {
  name: 'service-entry-addresses',
  code: 'IST0134',
  scope: 'object',
  about: 'a ServiceEntry has a TCP port and no addresses',
  *check(mesh) {
    for (const entry of mesh.snapshot.list('ServiceEntry')) {
      if ((entry.spec.addresses ?? []).length > 0) continue;
      for (const [index, port] of (entry.spec.ports ?? []).entries()) {
        const protocol = port.protocol?.toUpperCase() ?? '';
        if (protocol !== '' && protocol !== 'TCP') continue;
        yield {
          object: entry,
          path: ['spec', 'ports', index],
          message: `port ${port.number} is ${protocol === '' ? 'of no declared protocol' : 'TCP'} and no addresses are given`,
          effect: `all TCP traffic to port ${port.number}, whatever its address, is taken for this host`,
          fix: 'list virtual addresses in spec.addresses, or declare HTTP, HTTPS or TLS',
        };
      }
    }
  },
};

/** Namespaces whose labels say two things about injection. */
const injectionLabels: AnalysisRule = {
  name: 'namespace-injection-labels',
  code: 'IST0123',
  scope: 'object',
  about: 'a Namespace has both istio-injection and istio.io/rev',
  *check(mesh) {
    for (const namespace of mesh.snapshot.list('Namespace')) {
      const labels = namespace.metadata.labels ?? {};
      if (!Object.hasOwn(labels, 'istio-injection') || !Object.hasOwn(labels, 'istio.io/rev')) continue;
      yield {
        object: namespace,
        path: ['metadata', 'labels', 'istio.io/rev'],
        message: 'it has the labels istio-injection and istio.io/rev',
        effect: 'istio-injection decides, and the revision is not used',
        fix: 'keep one of the two labels',
      };
    }
  },
};

export const serviceRules: readonly AnalysisRule[] = [
  withoutWorkload,
  claimedTwice,
  addressesRequired,
  injectionLabels,
];
