import { array, boolean, integer, map, object, required, string } from '../../schema.ts';

/*
 * Volumes kept by storage systems (Kubernetes `core/v1`): mean nothing to a mesh, declared so that misspelt fields are found.
 */

/** Kubernetes `core/v1 LocalObjectReference`. */
export const LocalObjectReference = object({
  name: string(),
});

/** Kubernetes `core/v1 AwsElasticBlockStoreVolumeSource`. */
export const AwsElasticBlockStoreVolumeSource = object({
  fsType: string(),
  partition: integer(),
  readOnly: boolean(),
  volumeID: required(string()),
});

/** Kubernetes `core/v1 AzureDiskVolumeSource`. */
export const AzureDiskVolumeSource = object({
  cachingMode: string({ values: ['None', 'ReadOnly', 'ReadWrite'] }),
  diskName: required(string()),
  diskURI: required(string()),
  fsType: string(),
  kind: string({ values: ['Dedicated', 'Managed', 'Shared'] }),
  readOnly: boolean(),
});

/** Kubernetes `core/v1 AzureFileVolumeSource`. */
export const AzureFileVolumeSource = object({
  readOnly: boolean(),
  secretName: required(string()),
  shareName: required(string()),
});

/** Kubernetes `core/v1 CephFSVolumeSource`. */
export const CephFSVolumeSource = object({
  monitors: required(array(string())),
  path: string(),
  readOnly: boolean(),
  secretFile: string(),
  secretRef: LocalObjectReference,
  user: string(),
});

/** Kubernetes `core/v1 CinderVolumeSource`. */
export const CinderVolumeSource = object({
  fsType: string(),
  readOnly: boolean(),
  secretRef: LocalObjectReference,
  volumeID: required(string()),
});

/** Kubernetes `core/v1 CsiVolumeSource`. */
export const CsiVolumeSource = object({
  driver: required(string()),
  fsType: string(),
  nodePublishSecretRef: LocalObjectReference,
  readOnly: boolean(),
  volumeAttributes: map(string()),
});

/** Kubernetes `core/v1 FcVolumeSource`. */
export const FcVolumeSource = object({
  fsType: string(),
  lun: integer(),
  readOnly: boolean(),
  targetWWNs: array(string()),
  wwids: array(string()),
});

/** Kubernetes `core/v1 FlexVolumeSource`. */
export const FlexVolumeSource = object({
  driver: required(string()),
  fsType: string(),
  options: map(string()),
  readOnly: boolean(),
  secretRef: LocalObjectReference,
});

/** Kubernetes `core/v1 FlockerVolumeSource`. */
export const FlockerVolumeSource = object({
  datasetName: string(),
  datasetUUID: string(),
});

/** Kubernetes `core/v1 GcePersistentDiskVolumeSource`. */
export const GcePersistentDiskVolumeSource = object({
  fsType: string(),
  partition: integer(),
  pdName: required(string()),
  readOnly: boolean(),
});

/** Kubernetes `core/v1 GitRepoVolumeSource`. */
export const GitRepoVolumeSource = object({
  directory: string(),
  repository: required(string()),
  revision: string(),
});

/** Kubernetes `core/v1 GlusterfsVolumeSource`. */
export const GlusterfsVolumeSource = object({
  endpoints: required(string()),
  path: required(string()),
  readOnly: boolean(),
});

/** Kubernetes `core/v1 IscsiVolumeSource`. */
export const IscsiVolumeSource = object({
  chapAuthDiscovery: boolean(),
  chapAuthSession: boolean(),
  fsType: string(),
  initiatorName: string(),
  iqn: required(string()),
  iscsiInterface: string(),
  lun: required(integer()),
  portals: array(string()),
  readOnly: boolean(),
  secretRef: LocalObjectReference,
  targetPortal: required(string()),
});

/** Kubernetes `core/v1 NfsVolumeSource`. */
export const NfsVolumeSource = object({
  path: required(string()),
  readOnly: boolean(),
  server: required(string()),
});

/** Kubernetes `core/v1 PhotonPersistentDiskVolumeSource`. */
export const PhotonPersistentDiskVolumeSource = object({
  fsType: string(),
  pdID: required(string()),
});

/** Kubernetes `core/v1 PortworxVolumeSource`. */
export const PortworxVolumeSource = object({
  fsType: string(),
  readOnly: boolean(),
  volumeID: required(string()),
});

/** Kubernetes `core/v1 QuobyteVolumeSource`. */
export const QuobyteVolumeSource = object({
  group: string(),
  readOnly: boolean(),
  registry: required(string()),
  tenant: string(),
  user: string(),
  volume: required(string()),
});

/** Kubernetes `core/v1 RbdVolumeSource`. */
export const RbdVolumeSource = object({
  fsType: string(),
  image: required(string()),
  keyring: string(),
  monitors: required(array(string())),
  pool: string(),
  readOnly: boolean(),
  secretRef: LocalObjectReference,
  user: string(),
});

/** Kubernetes `core/v1 ScaleIOVolumeSource`. */
export const ScaleIOVolumeSource = object({
  fsType: string(),
  gateway: required(string()),
  protectionDomain: string(),
  readOnly: boolean(),
  secretRef: required(LocalObjectReference),
  sslEnabled: boolean(),
  storageMode: string(),
  storagePool: string(),
  system: required(string()),
  volumeName: string(),
});

/** Kubernetes `core/v1 StorageOsVolumeSource`. */
export const StorageOsVolumeSource = object({
  fsType: string(),
  readOnly: boolean(),
  secretRef: LocalObjectReference,
  volumeName: string(),
  volumeNamespace: string(),
});

/** Kubernetes `core/v1 VsphereVirtualDiskVolumeSource`. */
export const VsphereVirtualDiskVolumeSource = object({
  fsType: string(),
  storagePolicyID: string(),
  storagePolicyName: string(),
  volumePath: required(string()),
});
