import type { AnyMeshObject, FieldPath } from '@heddle/model';
import type { AnalysisRule } from '../rule.ts';

interface DeprecatedField {
  readonly kind: AnyMeshObject['kind'];
  /** Steps from the object's root; `[]` stands for every item. */
  readonly path: string;
  readonly instead: string;
  /** The only value that is deprecated; any if absent. */
  readonly value?: string;
}

const policies = ['spec.trafficPolicy', 'spec.trafficPolicy.portLevelSettings[]', 'spec.subsets[].trafficPolicy'];

/** What Istio's reference marks as deprecated (reference/config/networking). */
const DEPRECATED: readonly DeprecatedField[] = [
  { kind: 'VirtualService', path: 'spec.http[].fault.delay.percent', instead: 'fault.delay.percentage' },
  { kind: 'VirtualService', path: 'spec.http[].mirrorPercent', instead: 'mirrorPercentage' },
  { kind: 'VirtualService', path: 'spec.http[].mirror_percent', instead: 'mirrorPercentage' },
  { kind: 'VirtualService', path: 'spec.http[].corsPolicy.allowOrigin', instead: 'corsPolicy.allowOrigins' },
  { kind: 'Gateway', path: 'spec.servers[].port.targetPort', instead: 'the targetPort of the Service' },
  ...policies.flatMap((policy): readonly DeprecatedField[] => [
    {
      kind: 'DestinationRule',
      path: `${policy}.outlierDetection.consecutiveErrors`,
      instead: 'consecutive5xxErrors or consecutiveGatewayErrors',
    },
    {
      kind: 'DestinationRule',
      path: `${policy}.loadBalancer.consistentHash.minimumRingSize`,
      instead: 'consistentHash.ringHash.minimumRingSize',
    },
    {
      kind: 'DestinationRule',
      path: `${policy}.loadBalancer.simple`,
      value: 'LEAST_CONN',
      instead: 'LEAST_REQUEST',
    },
  ]),
];

/** Fields that Istio has better ones for. */
const deprecatedField: AnalysisRule = {
  name: 'deprecated-field',
  code: 'IST0002',
  scope: 'object',
  about: 'a field or value is deprecated in Istio',
  *check(mesh) {
    for (const { kind, path, instead, value } of DEPRECATED) {
      for (const object of mesh.snapshot.list(kind) as readonly AnyMeshObject[]) {
        for (const found of fieldsAt(object, path.split('.'), [])) {
          if (value !== undefined && found.value !== value) continue;
          const field = String(found.path.at(-1));
          yield {
            object,
            path: found.path,
            message: `${value === undefined ? `"${field}"` : `"${value}"`} is deprecated`,
            effect: 'it works as before, until Istio takes it away',
            fix: `use ${instead}`,
          };
        }
      }
    }
  },
};

function* fieldsAt(
  value: unknown,
  steps: readonly string[],
  path: FieldPath,
): Generator<{ readonly path: FieldPath; readonly value: unknown }> {
  const [step, ...rest] = steps;
  if (step === undefined) {
    if (value !== undefined) yield { path, value };
    return;
  }
  const each = step.endsWith('[]');
  const name = each ? step.slice(0, -2) : step;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return;
  const field = (value as Readonly<Record<string, unknown>>)[name];
  if (!each) yield* fieldsAt(field, rest, [...path, name]);
  else if (Array.isArray(field)) {
    for (const [index, item] of field.entries()) yield* fieldsAt(item, rest, [...path, name, index]);
  }
}

export const deprecationRules: readonly AnalysisRule[] = [deprecatedField];
