import { hostLabel } from '../formats/dns-name.ts';
import { wildcardHost } from '../formats/host.ts';
import { labelKey, labelValue } from '../formats/label.ts';
import type { KindDeclaration } from '../kind.ts';
import { array, type Infer, map, object, pending, required, string } from '../schema.ts';
import { checkExportTo, exportTargets } from './export-to.ts';
import { IstioStatus } from './istio-status.ts';
import { TrafficPolicy } from './traffic-policy.ts';

/** Istio `Subset`: the endpoints of a service that carry some labels, with a policy of their own. */
export const Subset = object({
  name: required(string({ format: hostLabel })),
  labels: map(string({ format: labelValue }), { keys: labelKey }),
  trafficPolicy: TrafficPolicy,
});
export type Subset = Infer<typeof Subset>;

/** Istio `networking.istio.io DestinationRule`: policies for traffic to a service, after routing (https://istio.io/latest/docs/reference/config/networking/destination-rule/). */
export const DestinationRuleSpec = object(
  {
    host: required(
      string({ format: wildcardHost, doc: 'A service; short names are read in the namespace of the object.' }),
    ),
    trafficPolicy: TrafficPolicy,
    subsets: array(Subset),
    exportTo: exportTargets,
    workloadSelector: pending(object({ matchLabels: map(string({ format: labelValue }), { keys: labelKey }) })),
  },
  {
    check: (spec, report) => {
      const names = new Set<string>();
      for (const [index, { name }] of (spec.subsets ?? []).entries()) {
        if (names.has(name))
          report({
            path: ['subsets', index, 'name'],
            message: `found two subsets "${name}"`,
            wanted: 'each name once',
          });
        names.add(name);
      }
      checkExportTo(spec.exportTo, report);
      const exported = spec.exportTo ?? [];
      if (spec.workloadSelector !== undefined && (exported.length > 1 || exported.includes('*'))) {
        report({
          path: ['exportTo'],
          message: 'found a rule for some workloads that is exported to other namespaces',
          wanted: '"." or nothing',
        });
      }
    },
  },
);
export type DestinationRuleSpec = Infer<typeof DestinationRuleSpec>;

export const DestinationRule: KindDeclaration<'DestinationRule', DestinationRuleSpec> = {
  kind: 'DestinationRule',
  group: 'networking.istio.io',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
  scope: 'namespaced',
  plural: 'destinationrules',
  spec: DestinationRuleSpec,
  status: IstioStatus,
};
