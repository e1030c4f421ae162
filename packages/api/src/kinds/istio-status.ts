import { array, inert, intOrString, object, string } from '../schema.ts';

/** `status` of every Istio kind (`istio.io/api meta/v1alpha1 IstioStatus`): written by control planes, never read. */
export const IstioStatus = inert(
  object({
    conditions: array(
      object({
        type: string(),
        status: string(),
        lastProbeTime: string(),
        lastTransitionTime: string(),
        reason: string(),
        message: string(),
        observedGeneration: intOrString(),
      }),
    ),
    validationMessages: array(
      object({
        type: object({ name: string(), code: string() }),
        level: string({ values: ['UNKNOWN', 'ERROR', 'WARNING', 'INFO'] }),
        documentationUrl: string(),
      }),
    ),
    observedGeneration: intOrString(),
  }),
);
