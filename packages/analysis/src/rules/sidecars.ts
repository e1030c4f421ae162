import { formatRef, hostIsWithin, isWildcardHost, refOf, selectsLabels } from '@heddle/model';
import { formatLabels, type MeshIndex, namespaceOf, push, type Sidecar } from '../mesh-index.ts';
import type { AnalysisRule } from '../rule.ts';

function selectorOf({ spec }: Sidecar): Readonly<Record<string, string>> | undefined {
  const labels = spec.workloadSelector?.labels;
  return labels === undefined || formatLabels(labels) === '' ? undefined : labels;
}

/** The Sidecars by namespace: one proxy sees those of its own. */
function byNamespace(mesh: MeshIndex): ReadonlyMap<string, readonly Sidecar[]> {
  const found = new Map<string, Sidecar[]>();
  for (const sidecar of mesh.snapshot.list('Sidecar')) push(found, namespaceOf(sidecar), sidecar);
  return found;
}

/** Sidecars that want to speak for the same workload. */
const conflictingSidecars: AnalysisRule = {
  name: 'conflicting-sidecars',
  code: 'IST0110',
  scope: 'mesh',
  about: 'two Sidecars select the same workload',
  *check(mesh) {
    for (const [namespace, sidecars] of byNamespace(mesh)) {
      for (const [position, sidecar] of sidecars.entries()) {
        const selector = selectorOf(sidecar);
        if (selector === undefined) continue;
        for (const earlier of sidecars.slice(0, position)) {
          const other = selectorOf(earlier);
          if (other === undefined) continue;
          const both = mesh
            .workloadsIn(namespace)
            .find(({ labels }) => selectsLabels(selector, labels) && selectsLabels(other, labels));
          if (both === undefined) continue;
          yield {
            object: sidecar,
            path: ['spec', 'workloadSelector'],
            message: `${formatRef(refOf(both.object))} is selected by ${formatRef(refOf(earlier))} already`,
            effect: 'its sidecar obeys only one of the two',
            fix: 'give the two selectors that exclude each other, or merge them',
          };
        }
      }
    }
  },
};

/** Several Sidecars for all workloads of a namespace. */
const severalDefaults: AnalysisRule = {
  name: 'several-default-sidecars',
  code: 'IST0111',
  scope: 'mesh',
  about: 'two Sidecars of one namespace have no workload selector',
  *check(mesh) {
    for (const sidecars of byNamespace(mesh).values()) {
      const [first, ...others] = sidecars.filter((sidecar) => selectorOf(sidecar) === undefined);
      for (const sidecar of others) {
        yield {
          object: sidecar,
          path: ['metadata', 'name'],
          message: `${first === undefined ? 'another Sidecar' : formatRef(refOf(first))} is for all workloads of namespace "${namespaceOf(sidecar)}" already`,
          effect: 'sidecars obey only one of the two',
          fix: 'merge the two, or give one of them a workloadSelector',
        };
      }
    }
  },
};

/** Sidecars that select nobody. */
const selectorMatchesNothing: AnalysisRule = {
  name: 'sidecar-selector',
  code: 'IST0127',
  scope: 'mesh',
  about: 'a Sidecar selects labels that no workload of its namespace has',
  *check(mesh) {
    for (const sidecar of mesh.snapshot.list('Sidecar')) {
      const selector = selectorOf(sidecar);
      if (selector === undefined) continue;
      if (mesh.workloadsIn(namespaceOf(sidecar)).some(({ labels }) => selectsLabels(selector, labels))) continue;
      yield {
        object: sidecar,
        path: ['spec', 'workloadSelector', 'labels'],
        message: `no workload in namespace "${namespaceOf(sidecar)}" has the labels ${formatLabels(selector)}`,
        effect: 'the Sidecar is used by nothing',
        fix: 'correct the labels, or leave the selector out for all workloads of the namespace',
      };
    }
  },
};

/** Hosts of egress that nobody declares. */
const unknownEgressHost: AnalysisRule = {
  name: 'unknown-egress-host',
  code: 'HED201',
  scope: 'mesh',
  about: 'a Sidecar lets workloads call a host that nobody declares',
  *check(mesh) {
    const routed = new Set(
      mesh.snapshot
        .list('VirtualService')
        .flatMap((one) => (one.spec.hosts ?? []).map((host) => mesh.fullHost(host, namespaceOf(one)))),
    );
    for (const sidecar of mesh.snapshot.list('Sidecar')) {
      for (const [index, { hosts }] of (sidecar.spec.egress ?? []).entries()) {
        for (const [position, written] of hosts.entries()) {
          const slash = written.indexOf('/');
          const scope = written.slice(0, slash);
          const host = written.slice(slash + 1).toLowerCase();
          if (scope === '~' || host === '*' || routed.has(host) || mesh.hostFor(host) !== undefined) continue;
          if (isWildcardHost(host) && [...mesh.hosts.keys()].some((known) => hostIsWithin(known, host))) continue;
          const near = mesh.likelyHost(host);
          yield {
            object: sidecar,
            path: ['spec', 'egress', index, 'hosts', position],
            message: `no service has the host "${host}"`,
            effect: 'the entry lets nothing through',
            fix:
              near === undefined
                ? 'name a Service in full, or the host of a ServiceEntry'
                : `did you mean "${scope}/${near}"?`,
          };
        }
      }
    }
  },
};

export const sidecarRules: readonly AnalysisRule[] = [
  conflictingSidecars,
  severalDefaults,
  selectorMatchesNothing,
  unknownEgressHost,
];
