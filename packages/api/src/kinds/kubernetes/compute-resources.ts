import { array, map, object, required, string } from '../../schema.ts';
import { Quantity } from './quantity.ts';

/*
 * Requests and limits of containers (Kubernetes `core/v1`).
 */

const ResourceClaim = object({
  name: required(string()),
  request: string(),
});

/** Kubernetes `core/v1 ResourceRequirements`. */
export const ResourceRequirements = object({
  claims: array(ResourceClaim),
  limits: map(Quantity),
  requests: map(Quantity),
});
