import { any, array, type Infer, inert, integer, map, object, string } from '../schema.ts';

/** `metadata` of every object (Kubernetes API conventions, "Metadata"). `namespace` and `name` are checked by the reader of the object. */
export const ObjectMeta = object({
  name: string({ minLength: 1, maxLength: 253 }),
  namespace: string({ minLength: 1, maxLength: 63 }),
  labels: map(string()),
  annotations: map(string()),
  generateName: inert(string()),
  creationTimestamp: string({ doc: 'RFC 3339; the older of two conflicting objects wins.' }),
  deletionTimestamp: string(),
  deletionGracePeriodSeconds: inert(integer()),
  finalizers: inert(array(string())),
  generation: inert(integer()),
  managedFields: inert(array(any())),
  ownerReferences: inert(array(any())),
  resourceVersion: inert(string()),
  selfLink: inert(string()),
  uid: inert(string()),
});
export type ObjectMeta = Infer<typeof ObjectMeta>;
