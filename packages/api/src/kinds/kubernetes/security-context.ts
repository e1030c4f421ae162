import { array, boolean, integer, object, required, string } from '../../schema.ts';

/*
 * Privileges of pods and containers (Kubernetes `core/v1`).
 */

const AppArmorProfile = object({
  localhostProfile: string(),
  type: required(string({ values: ['Localhost', 'RuntimeDefault', 'Unconfined'] })),
});

const Capabilities = object({
  add: array(string()),
  drop: array(string()),
});

const SeLinuxOptions = object({
  level: string(),
  role: string(),
  type: string(),
  user: string(),
});

const SeccompProfile = object({
  localhostProfile: string(),
  type: required(string({ values: ['Localhost', 'RuntimeDefault', 'Unconfined'] })),
});

const WindowsSecurityContextOptions = object({
  gmsaCredentialSpec: string(),
  gmsaCredentialSpecName: string(),
  hostProcess: boolean(),
  runAsUserName: string(),
});

/** Kubernetes `core/v1 SecurityContext`. */
export const SecurityContext = object({
  allowPrivilegeEscalation: boolean(),
  appArmorProfile: AppArmorProfile,
  capabilities: Capabilities,
  privileged: boolean(),
  procMount: string({ values: ['Default', 'Unmasked'] }),
  readOnlyRootFilesystem: boolean(),
  runAsGroup: integer(),
  runAsNonRoot: boolean(),
  runAsUser: integer(),
  seLinuxOptions: SeLinuxOptions,
  seccompProfile: SeccompProfile,
  windowsOptions: WindowsSecurityContextOptions,
});

const Sysctl = object({
  name: required(string()),
  value: required(string()),
});

/** Kubernetes `core/v1 PodSecurityContext`. */
export const PodSecurityContext = object({
  appArmorProfile: AppArmorProfile,
  fsGroup: integer(),
  fsGroupChangePolicy: string({ values: ['Always', 'OnRootMismatch'] }),
  runAsGroup: integer(),
  runAsNonRoot: boolean(),
  runAsUser: integer(),
  seLinuxChangePolicy: string(),
  seLinuxOptions: SeLinuxOptions,
  seccompProfile: SeccompProfile,
  supplementalGroups: array(integer()),
  supplementalGroupsPolicy: string({ values: ['Merge', 'Strict'] }),
  sysctls: array(Sysctl),
  windowsOptions: WindowsSecurityContextOptions,
});
