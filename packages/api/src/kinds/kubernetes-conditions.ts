import { array, integer, object, string } from '../schema.ts';

/** `metav1.Condition` and its older relatives: one observed aspect of an object. */
export const Condition = object({
  type: string(),
  status: string({ doc: 'True, False or Unknown.' }),
  reason: string(),
  message: string(),
  observedGeneration: integer(),
  lastTransitionTime: string(),
  lastProbeTime: string(),
  lastUpdateTime: string(),
});

export const Conditions = array(Condition);
