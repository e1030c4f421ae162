/** Set on a namespace: `enabled` or `disabled`. */
const NAMESPACE_LABEL = 'istio-injection';
/** Set on a namespace or a pod instead: the name of the control plane that shall inject. */
const REVISION_LABEL = 'istio.io/rev';
/** Set on a pod, as a label; Istio still reads an annotation of this name as well. */
const POD_LABEL = 'sidecar.istio.io/inject';

type Labels = Readonly<Record<string, string>>;

/**
 * Whether a pod gets a sidecar, by Istio's rules (https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/): a namespace
 * that is disabled never; a pod that says no, no; otherwise when the namespace or the pod asks for it.
 */
export function wantsSidecar(
  pod: { readonly labels: Labels; readonly annotations: Labels },
  namespaceLabels: Labels,
): boolean {
  const ofNamespace = namespaceLabels[NAMESPACE_LABEL];
  const ofPod = pod.labels[POD_LABEL] ?? pod.annotations[POD_LABEL];
  if (ofNamespace === 'disabled' || ofPod === 'false') return false;
  if (ofNamespace === 'enabled' || namespaceLabels[REVISION_LABEL] !== undefined) return true;
  return pod.labels[POD_LABEL] === 'true' || pod.labels[REVISION_LABEL] !== undefined;
}
