/** What Heddle does with a kind: obeys it, will obey it, or has no business with it. */
export type KindConcern = 'declared' | 'not-applied' | 'without-meaning';

/** A kind that Heddle recognises, whether it obeys it or not. */
export interface KnownKind {
  readonly kind: string;
  /** API group, empty for Kubernetes' core group. */
  readonly group: string;
  readonly versions: readonly string[];
  readonly concern: KindConcern;
}

/** Kinds of the mesh, and Kubernetes kinds that say where traffic goes, that are not obeyed yet: by group, then version, then kinds. */
const NOT_APPLIED: Readonly<Record<string, readonly (readonly [versions: string, kinds: string])[]>> = {
  'networking.istio.io': [
    ['v1 v1beta1 v1alpha3', 'WorkloadEntry WorkloadGroup'],
    ['v1alpha3', 'EnvoyFilter'],
    ['v1beta1', 'ProxyConfig'],
  ],
  'security.istio.io': [['v1 v1beta1', 'AuthorizationPolicy PeerAuthentication RequestAuthentication']],
  'telemetry.istio.io': [['v1 v1alpha1', 'Telemetry']],
  'extensions.istio.io': [['v1alpha1', 'TrafficExtension']],
  'install.istio.io': [['v1alpha1', 'IstioOperator']],
  'gateway.networking.k8s.io': [
    ['v1 v1beta1', 'GatewayClass Gateway HTTPRoute'],
    ['v1 v1alpha2', 'GRPCRoute'],
    ['v1 v1alpha3 v1alpha2', 'TLSRoute BackendTLSPolicy'],
    ['v1alpha2', 'TCPRoute UDPRoute BackendLBPolicy'],
    ['v1 v1beta1', 'ReferenceGrant'],
    ['v1', 'ListenerSet'],
  ],
  'gateway.networking.x-k8s.io': [['v1alpha1', 'XListenerSet XBackendTrafficPolicy XMesh']],
  'inference.networking.k8s.io': [['v1', 'InferencePool']],
  'networking.k8s.io': [['v1', 'Ingress IngressClass']],
  'multicluster.x-k8s.io': [['v1alpha1', 'ServiceExport ServiceImport']],
  'discovery.k8s.io': [['v1 v1beta1', 'EndpointSlice']],
  '': [['v1', 'Endpoints ReplicationController']],
  apps: [['v1', 'ReplicaSet StatefulSet DaemonSet']],
  batch: [['v1', 'Job CronJob']],
};

/** Kubernetes kinds that never decide where traffic goes. */
const WITHOUT_MEANING: typeof NOT_APPLIED = {
  '': [
    [
      'v1',
      'ConfigMap ServiceAccount PersistentVolume PersistentVolumeClaim LimitRange ResourceQuota Node Event PodTemplate Binding ComponentStatus',
    ],
  ],
  apps: [['v1', 'ControllerRevision']],
  autoscaling: [['v2 v1', 'HorizontalPodAutoscaler']],
  policy: [['v1 v1beta1', 'PodDisruptionBudget']],
  'networking.k8s.io': [['v1', 'NetworkPolicy IPAddress ServiceCIDR']],
  'rbac.authorization.k8s.io': [['v1', 'Role RoleBinding ClusterRole ClusterRoleBinding']],
  'apiextensions.k8s.io': [['v1', 'CustomResourceDefinition']],
  'apiregistration.k8s.io': [['v1', 'APIService']],
  'admissionregistration.k8s.io': [
    ['v1', 'MutatingWebhookConfiguration ValidatingWebhookConfiguration'],
    ['v1 v1beta1', 'ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding'],
    ['v1 v1beta1 v1alpha1', 'MutatingAdmissionPolicy MutatingAdmissionPolicyBinding'],
  ],
  'storage.k8s.io': [
    ['v1', 'StorageClass VolumeAttachment CSIDriver CSINode CSIStorageCapacity VolumeAttributesClass'],
  ],
  'scheduling.k8s.io': [['v1', 'PriorityClass']],
  'coordination.k8s.io': [['v1', 'Lease']],
  'node.k8s.io': [['v1', 'RuntimeClass']],
  'certificates.k8s.io': [
    ['v1', 'CertificateSigningRequest'],
    ['v1beta1 v1alpha1', 'ClusterTrustBundle'],
  ],
  'events.k8s.io': [['v1', 'Event']],
  'flowcontrol.apiserver.k8s.io': [['v1', 'FlowSchema PriorityLevelConfiguration']],
  'resource.k8s.io': [['v1 v1beta2 v1beta1', 'DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice']],
};

/** Every kind that is recognised but not declared. */
export const undeclaredKinds: readonly KnownKind[] = [
  ...listed(NOT_APPLIED, 'not-applied'),
  ...listed(WITHOUT_MEANING, 'without-meaning'),
];

function listed(table: typeof NOT_APPLIED, concern: KindConcern): readonly KnownKind[] {
  return Object.entries(table).flatMap(([group, rows]) =>
    rows.flatMap(([versions, names]) =>
      names.split(' ').map((kind) => ({ kind, group, versions: versions.split(' '), concern })),
    ),
  );
}
