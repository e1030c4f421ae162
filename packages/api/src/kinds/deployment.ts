import type { KindDeclaration } from '../kind.ts';
import {
  boolean,
  described,
  type Infer,
  inert,
  inertFields,
  integer,
  intOrString,
  object,
  type ReportProblem,
  required,
  string,
} from '../schema.ts';
import { LabelSelector } from './kubernetes/label-selector.ts';
import { PodSpec } from './kubernetes/pod-spec.ts';
import { Conditions } from './kubernetes-conditions.ts';
import { metadataFields } from './object-meta.ts';

const { labels, annotations } = metadataFields;
/** Metadata of pods to be made: only what they inherit matters. */
const TemplateMeta = object({ ...inertFields(metadataFields), labels, annotations });

/** Kubernetes `core/v1 PodTemplateSpec`: what each pod of a workload looks like. */
export const PodTemplate = object({ metadata: TemplateMeta, spec: required(PodSpec) });
export type PodTemplate = Infer<typeof PodTemplate>;

/** Kubernetes `apps/v1 Deployment` spec (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/). */
export const DeploymentSpec = object(
  {
    replicas: integer({ minimum: 0, maximum: 2_147_483_647, doc: '1 if absent; a workload with 0 has no endpoints.' }),
    selector: required(
      inert(
        described(
          LabelSelector,
          'Which pods it owns: Kubernetes’ business. Traffic follows the labels of the template.',
        ),
      ),
    ),
    template: required(PodTemplate),
    minReadySeconds: inert(integer({ minimum: 0 })),
    paused: inert(boolean()),
    progressDeadlineSeconds: inert(integer({ minimum: 0 })),
    revisionHistoryLimit: inert(integer({ minimum: 0 })),
    strategy: inert(
      object({
        type: string({ values: ['Recreate', 'RollingUpdate'] }),
        rollingUpdate: object({ maxSurge: intOrString(), maxUnavailable: intOrString() }),
      }),
    ),
  },
  { check: (spec, report) => checkSelector(spec, report) },
);
export type DeploymentSpec = Infer<typeof DeploymentSpec>;

/** A Deployment must select the pods that it makes, as Kubernetes demands. */
function checkSelector(spec: DeploymentSpec, report: ReportProblem): void {
  const labels = spec.template.metadata?.labels ?? {};
  const { matchLabels = {}, matchExpressions = [] } = spec.selector;
  if (Object.keys(matchLabels).length === 0 && matchExpressions.length === 0) {
    report({ path: ['selector'], message: 'found an empty selector', wanted: 'labels of spec.template.metadata' });
  }
  for (const [key, value] of Object.entries(matchLabels)) {
    const label = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (label === value) continue;
    report({
      path: ['selector', 'matchLabels', key],
      message: `found "${value}"${label === undefined ? ' but no such label' : ` but "${label}"`} in spec.template.metadata.labels`,
      wanted: 'the same in both',
    });
  }
}

/** Kubernetes `apps/v1 Deployment` status: written by the cluster, not read. */
const DeploymentStatus = inert(
  object({
    availableReplicas: integer(),
    collisionCount: integer(),
    conditions: Conditions,
    observedGeneration: integer(),
    readyReplicas: integer(),
    replicas: integer(),
    terminatingReplicas: integer(),
    unavailableReplicas: integer(),
    updatedReplicas: integer(),
  }),
);

export const Deployment: KindDeclaration<'Deployment', DeploymentSpec> = {
  kind: 'Deployment',
  group: 'apps',
  versions: ['v1'],
  scope: 'namespaced',
  plural: 'deployments',
  spec: DeploymentSpec,
  status: DeploymentStatus,
};
