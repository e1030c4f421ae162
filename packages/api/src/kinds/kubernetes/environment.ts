import { boolean, object, required, string } from '../../schema.ts';
import { Quantity } from './quantity.ts';

/*
 * Environment variables of containers (Kubernetes `core/v1`).
 */

const ConfigMapKeySelector = object({
  key: required(string()),
  name: string(),
  optional: boolean(),
});

/** Kubernetes `core/v1 ObjectFieldSelector`. */
export const ObjectFieldSelector = object({
  apiVersion: string(),
  fieldPath: required(string()),
});

const FileKeySelector = object({
  key: required(string()),
  optional: boolean(),
  path: required(string()),
  volumeName: required(string()),
});

/** Kubernetes `core/v1 ResourceFieldSelector`. */
export const ResourceFieldSelector = object({
  containerName: string(),
  divisor: Quantity,
  resource: required(string()),
});

const SecretKeySelector = object({
  key: required(string()),
  name: string(),
  optional: boolean(),
});

const EnvVarSource = object({
  configMapKeyRef: ConfigMapKeySelector,
  fieldRef: ObjectFieldSelector,
  fileKeyRef: FileKeySelector,
  resourceFieldRef: ResourceFieldSelector,
  secretKeyRef: SecretKeySelector,
});

/** Kubernetes `core/v1 EnvVar`. */
export const EnvVar = object({
  name: required(string()),
  value: string(),
  valueFrom: EnvVarSource,
});

const ConfigMapEnvSource = object({
  name: string(),
  optional: boolean(),
});

const SecretEnvSource = object({
  name: string(),
  optional: boolean(),
});

/** Kubernetes `core/v1 EnvFromSource`. */
export const EnvFromSource = object({
  configMapRef: ConfigMapEnvSource,
  prefix: string(),
  secretRef: SecretEnvSource,
});
