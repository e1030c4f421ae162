import type { FieldPath, Origin } from '@heddle/model';
import type { Backend } from './destination-rules.ts';
import { type DestinationRule, refOfObject, type TrafficPolicy } from './mesh-objects.ts';

type PolicyFields = Pick<TrafficPolicy, 'connectionPool' | 'loadBalancer' | 'outlierDetection' | 'tls'>;

/** A part of a traffic policy, and the field it stands in. */
export interface PolicyPart<Value> {
  readonly value: Value;
  readonly origin: Origin;
}

/** What DestinationRules ask of one cluster; what none asks for is absent. */
export type EffectivePolicy = {
  readonly [Name in keyof PolicyFields]?: PolicyPart<NonNullable<PolicyFields[Name]>>;
};

const PARTS = ['connectionPool', 'loadBalancer', 'outlierDetection', 'tls'] as const;

/**
 * The policy of a port of a service, or of a subset there, as Istio's `MergeSubsetTrafficPolicy` makes it: settings of a port replace
 * the whole policy they stand in, and the parts that a subset names replace its rule's. A subset's settings of a port replace all parts,
 * those they leave out too.
 */
export function policyFor(backend: Backend, port: number, subset: string): EffectivePolicy {
  const found = backend.subsets.get(subset);
  const merged: { -readonly [Name in keyof EffectivePolicy]: PolicyPart<never> | undefined } = {};
  if (backend.policy !== undefined) {
    const { policy, rule } = backend.policy;
    collect(merged, policy, rule, ['spec', 'trafficPolicy'], port);
  }
  const ofSubset = found?.subset.trafficPolicy;
  if (found !== undefined && ofSubset !== undefined) {
    collect(merged, ofSubset, found.rule, ['spec', 'subsets', found.index, 'trafficPolicy'], port);
  }
  return merged as EffectivePolicy;
}

function collect(
  into: Record<string, PolicyPart<never> | undefined>,
  policy: TrafficPolicy,
  rule: DestinationRule,
  path: FieldPath,
  port: number,
): void {
  const index = (policy.portLevelSettings ?? []).findIndex((settings) => settings.port.number === port);
  const settings = policy.portLevelSettings?.[index];
  const fields: PolicyFields = settings ?? policy;
  const resource = refOfObject(rule);
  for (const part of PARTS) {
    const value = fields[part];
    if (value !== undefined) {
      const own = settings === undefined ? [...path, part] : [...path, 'portLevelSettings', index, part];
      into[part] = { value: value as never, origin: { resource, path: own } };
    } else if (settings !== undefined) {
      delete into[part];
    }
  }
}
