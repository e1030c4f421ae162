import { array, boolean, integer, map, object, required, string } from '../../schema.ts';
import { ObjectMeta } from '../object-meta.ts';
import { ObjectFieldSelector, ResourceFieldSelector } from './environment.ts';
import { LabelSelector } from './label-selector.ts';
import { Quantity } from './quantity.ts';
import {
  AwsElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFileVolumeSource,
  CephFSVolumeSource,
  CinderVolumeSource,
  CsiVolumeSource,
  FcVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GcePersistentDiskVolumeSource,
  GitRepoVolumeSource,
  GlusterfsVolumeSource,
  IscsiVolumeSource,
  NfsVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  RbdVolumeSource,
  ScaleIOVolumeSource,
  StorageOsVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './remote-volumes.ts';

/*
 * Volumes of a pod (Kubernetes `core/v1 Volume`): mean nothing to a mesh, declared so that misspelt fields are found.
 */

const KeyToPath = object({
  key: required(string()),
  mode: integer(),
  path: required(string()),
});

const ConfigMapVolumeSource = object({
  defaultMode: integer(),
  items: array(KeyToPath),
  name: string(),
  optional: boolean(),
});

const DownwardAPIVolumeFile = object({
  fieldRef: ObjectFieldSelector,
  mode: integer(),
  path: required(string()),
  resourceFieldRef: ResourceFieldSelector,
});

const DownwardAPIVolumeSource = object({
  defaultMode: integer(),
  items: array(DownwardAPIVolumeFile),
});

const EmptyDirVolumeSource = object({
  medium: string(),
  sizeLimit: Quantity,
});

const TypedLocalObjectReference = object({
  apiGroup: string(),
  kind: required(string()),
  name: required(string()),
});

const TypedObjectReference = object({
  apiGroup: string(),
  kind: required(string()),
  name: required(string()),
  namespace: string(),
});

const VolumeResourceRequirements = object({
  limits: map(Quantity),
  requests: map(Quantity),
});

const PersistentVolumeClaimSpec = object({
  accessModes: array(string({ values: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'] })),
  dataSource: TypedLocalObjectReference,
  dataSourceRef: TypedObjectReference,
  resources: VolumeResourceRequirements,
  selector: LabelSelector,
  storageClassName: string(),
  volumeAttributesClassName: string(),
  volumeMode: string({ values: ['Block', 'Filesystem'] }),
  volumeName: string(),
});

const PersistentVolumeClaimTemplate = object({
  metadata: ObjectMeta,
  spec: required(PersistentVolumeClaimSpec),
});

const EphemeralVolumeSource = object({
  volumeClaimTemplate: PersistentVolumeClaimTemplate,
});

const HostPathVolumeSource = object({
  path: required(string()),
  type: string({
    values: ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'],
  }),
});

const ImageVolumeSource = object({
  pullPolicy: string({ values: ['Always', 'IfNotPresent', 'Never'] }),
  reference: string(),
});

const PersistentVolumeClaimVolumeSource = object({
  claimName: required(string()),
  readOnly: boolean(),
});

const ClusterTrustBundleProjection = object({
  labelSelector: LabelSelector,
  name: string(),
  optional: boolean(),
  path: required(string()),
  signerName: string(),
});

const ConfigMapProjection = object({
  items: array(KeyToPath),
  name: string(),
  optional: boolean(),
});

const DownwardAPIProjection = object({
  items: array(DownwardAPIVolumeFile),
});

const PodCertificateProjection = object({
  certificateChainPath: string(),
  credentialBundlePath: string(),
  keyPath: string(),
  keyType: required(string()),
  maxExpirationSeconds: integer(),
  signerName: required(string()),
  userAnnotations: map(string()),
});

const SecretProjection = object({
  items: array(KeyToPath),
  name: string(),
  optional: boolean(),
});

const ServiceAccountTokenProjection = object({
  audience: string(),
  expirationSeconds: integer(),
  path: required(string()),
});

const VolumeProjection = object({
  clusterTrustBundle: ClusterTrustBundleProjection,
  configMap: ConfigMapProjection,
  downwardAPI: DownwardAPIProjection,
  podCertificate: PodCertificateProjection,
  secret: SecretProjection,
  serviceAccountToken: ServiceAccountTokenProjection,
});

const ProjectedVolumeSource = object({
  defaultMode: integer(),
  sources: array(VolumeProjection),
});

const SecretVolumeSource = object({
  defaultMode: integer(),
  items: array(KeyToPath),
  optional: boolean(),
  secretName: string(),
});

/** Kubernetes `core/v1 Volume`. */
export const Volume = object({
  awsElasticBlockStore: AwsElasticBlockStoreVolumeSource,
  azureDisk: AzureDiskVolumeSource,
  azureFile: AzureFileVolumeSource,
  cephfs: CephFSVolumeSource,
  cinder: CinderVolumeSource,
  configMap: ConfigMapVolumeSource,
  csi: CsiVolumeSource,
  downwardAPI: DownwardAPIVolumeSource,
  emptyDir: EmptyDirVolumeSource,
  ephemeral: EphemeralVolumeSource,
  fc: FcVolumeSource,
  flexVolume: FlexVolumeSource,
  flocker: FlockerVolumeSource,
  gcePersistentDisk: GcePersistentDiskVolumeSource,
  gitRepo: GitRepoVolumeSource,
  glusterfs: GlusterfsVolumeSource,
  hostPath: HostPathVolumeSource,
  image: ImageVolumeSource,
  iscsi: IscsiVolumeSource,
  name: required(string()),
  nfs: NfsVolumeSource,
  persistentVolumeClaim: PersistentVolumeClaimVolumeSource,
  photonPersistentDisk: PhotonPersistentDiskVolumeSource,
  portworxVolume: PortworxVolumeSource,
  projected: ProjectedVolumeSource,
  quobyte: QuobyteVolumeSource,
  rbd: RbdVolumeSource,
  scaleIO: ScaleIOVolumeSource,
  secret: SecretVolumeSource,
  storageos: StorageOsVolumeSource,
  vsphereVolume: VsphereVirtualDiskVolumeSource,
});
