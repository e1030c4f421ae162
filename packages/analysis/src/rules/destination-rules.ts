import type { TrafficPolicy } from '@heddle/api';
import { type FieldPath, formatRef, refOf, selectsLabels } from '@heddle/model';
import { type DestinationRule, formatLabels, type MeshIndex, namespaceOf } from '../mesh-index.ts';
import type { AnalysisRule } from '../rule.ts';
import { selections } from './ports.ts';

/** Subsets whose labels no workload of the service has. */
const emptySubset: AnalysisRule = {
  name: 'subset-without-workload',
  code: 'HED206',
  scope: 'mesh',
  about: 'a subset asks for labels that no workload of its service has',
  *check(mesh) {
    const workloadsOf = new Map([...selections(mesh)].map(({ service, workloads }) => [service, workloads]));
    for (const rule of mesh.snapshot.list('DestinationRule')) {
      const host = mesh.hosts.get(mesh.fullHost(rule.spec.host, namespaceOf(rule)));
      const workloads = (host?.objects ?? []).flatMap((object) =>
        object.kind === 'Service' ? (workloadsOf.get(object) ?? []) : [],
      );
      // A service without workloads has a finding of its own; endpoints of ServiceEntries are not looked at.
      if (workloads.length === 0 || host?.objects.some(({ kind }) => kind !== 'Service')) continue;
      for (const [index, subset] of (rule.spec.subsets ?? []).entries()) {
        if (workloads.some(({ labels }) => selectsLabels(subset.labels, labels))) continue;
        yield {
          object: rule,
          path: ['spec', 'subsets', index, 'labels'],
          message: `no workload of "${host?.host}" has the labels ${formatLabels(subset.labels)}`,
          effect: `requests to subset "${subset.name}" are answered with 503 (no healthy upstream)`,
          fix: 'correct the labels of the subset or of the pods',
        };
      }
    }
  },
};

/** Several DestinationRules of one namespace that want to speak for one host. */
const conflictingRules: AnalysisRule = {
  name: 'conflicting-destination-rules',
  code: 'HED203',
  scope: 'mesh',
  about: 'two DestinationRules of one namespace have a policy, or the same subset, for one host',
  *check(mesh) {
    for (const [host, rules] of mesh.destinationRules) {
      for (const [position, rule] of rules.entries()) {
        for (const earlier of rules.slice(0, position)) {
          if (namespaceOf(earlier) !== namespaceOf(rule)) continue;
          if (rule.spec.trafficPolicy !== undefined && earlier.spec.trafficPolicy !== undefined) {
            yield {
              object: rule,
              path: ['spec', 'trafficPolicy'],
              message: `${formatRef(refOf(earlier))} has a traffic policy for "${host}" already`,
              effect: 'only the policy of the older one (by creation time, then by name) is used',
              fix: 'merge the two into one DestinationRule',
            };
          }
          for (const [index, subset] of (rule.spec.subsets ?? []).entries()) {
            if (!(earlier.spec.subsets ?? []).some(({ name }) => name === subset.name)) continue;
            yield {
              object: rule,
              path: ['spec', 'subsets', index, 'name'],
              message: `${formatRef(refOf(earlier))} declares subset "${subset.name}" of "${host}" already`,
              effect: 'this declaration of the subset is not used',
              fix: 'give the subset another name, or remove one of the two',
            };
          }
        }
      }
    }
  },
};

type Tls = NonNullable<TrafficPolicy['tls']>;

interface PlacedTls {
  readonly rule: DestinationRule;
  readonly tls: Tls;
  readonly path: FieldPath;
  readonly port: number | undefined;
}

/** The TLS settings of DestinationRules, of their subsets and of single ports. */
function* tlsSettings(mesh: MeshIndex): Generator<PlacedTls> {
  for (const rule of mesh.snapshot.list('DestinationRule')) {
    yield* policyTls(rule, rule.spec.trafficPolicy, ['spec', 'trafficPolicy']);
    for (const [index, subset] of (rule.spec.subsets ?? []).entries()) {
      yield* policyTls(rule, subset.trafficPolicy, ['spec', 'subsets', index, 'trafficPolicy']);
    }
  }
}

function* policyTls(rule: DestinationRule, policy: TrafficPolicy | undefined, path: FieldPath): Generator<PlacedTls> {
  if (policy?.tls !== undefined) yield { rule, tls: policy.tls, path: [...path, 'tls'], port: undefined };
  for (const [index, setting] of (policy?.portLevelSettings ?? []).entries()) {
    if (setting.tls === undefined) continue;
    yield { rule, tls: setting.tls, path: [...path, 'portLevelSettings', index, 'tls'], port: setting.port?.number };
  }
}

/** TLS that encrypts and does not look whom it talks to. */
function verifiesNobody({ mode, caCertificates, credentialName, insecureSkipVerify }: Tls): boolean {
  return (
    (mode === 'SIMPLE' || mode === 'MUTUAL') &&
    caCertificates === undefined &&
    credentialName === undefined &&
    // Who writes this has been told by its name.
    insecureSkipVerify !== true
  );
}

function unverified(code: 'IST0128' | 'IST0129', name: string, ofPorts: boolean): AnalysisRule {
  return {
    name,
    code,
    scope: 'object',
    about: `a DestinationRule asks for TLS${ofPorts ? ' on a port' : ''} and gives no certificates to check the other side by`,
    *check(mesh) {
      for (const { rule, tls, path, port } of tlsSettings(mesh)) {
        if ((port !== undefined) !== ofPorts || !verifiesNobody(tls)) continue;
        yield {
          object: rule,
          path,
          message: `mode ${tls.mode}${port === undefined ? '' : ` for port ${port}`} without caCertificates`,
          effect: 'the certificate of the other side is checked by the authorities of the system alone, or not at all',
          fix: 'set caCertificates or credentialName',
        };
      }
    },
  };
}

export const destinationRuleRules: readonly AnalysisRule[] = [
  emptySubset,
  conflictingRules,
  unverified('IST0128', 'tls-without-ca', false),
  unverified('IST0129', 'port-tls-without-ca', true),
];
