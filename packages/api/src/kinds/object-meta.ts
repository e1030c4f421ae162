import { labelKey, labelValue } from '../formats/label.ts';
import { timestamp } from '../formats/text.ts';
import { any, array, boolean, type Infer, inert, integer, map, object, string } from '../schema.ts';

/** Kubernetes' bound on all annotations of an object together is 256 kB; keys are label keys. */
const annotation = string({ maxLength: 262_144 });

/** The fields of {@link ObjectMeta}, for kinds that hold metadata of other objects. */
export const metadataFields = {
  name: string({ minLength: 1, maxLength: 253 }),
  namespace: string({ maxLength: 63, emptyIsAbsent: true }),
  labels: map(string({ format: labelValue }), { keys: labelKey }),
  annotations: map(annotation, { keys: labelKey }),
  generateName: inert(string()),
  creationTimestamp: string({ format: timestamp, doc: 'RFC 3339; the older of two conflicting objects wins.' }),
  deletionTimestamp: string({ format: timestamp }),
  deletionGracePeriodSeconds: inert(integer()),
  finalizers: inert(array(string())),
  generation: inert(integer()),
  managedFields: inert(
    array(
      object({
        apiVersion: string(),
        fieldsType: string(),
        fieldsV1: any(),
        manager: string(),
        operation: string(),
        subresource: string(),
        time: string(),
      }),
    ),
  ),
  ownerReferences: inert(
    array(
      object({
        apiVersion: string(),
        blockOwnerDeletion: boolean(),
        controller: boolean(),
        kind: string(),
        name: string(),
        uid: string(),
      }),
    ),
  ),
  resourceVersion: inert(string()),
  selfLink: inert(string()),
  uid: inert(string()),
} as const;

/**
 * `metav1.ObjectMeta`: `metadata` of every object (Kubernetes API conventions, "Metadata"). Whether a name is required, and what it
 * may look like, depends on the kind: `parseObject` checks that.
 */
export const ObjectMeta = object(metadataFields);
export type ObjectMeta = Infer<typeof ObjectMeta>;
