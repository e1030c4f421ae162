import type { ControlPlane } from '@heddle/control-plane';
import { nodeId } from '@heddle/model';
import type { StartSidecar } from '../sidecars/sidecars.ts';
import type { PodPlan } from '../workloads/pod-plan.ts';

/** Labels of the one ingress gateway that `heddle dev` runs: those that Istio's own ingress gateway carries. */
export const INGRESS_LABELS: Readonly<Record<string, string>> = {
  app: 'istio-ingressgateway',
  istio: 'ingressgateway',
};

/** Namespace the ingress gateway stands in. */
export const INGRESS_NAMESPACE = 'istio-system';

/** A proxy that serves. */
export interface DataPlane {
  stop(): Promise<void>;
}

/** Starts proxies of one kind. */
export interface DataPlanes {
  /** `embedded data plane`, `Envoy 1.40.0`. */
  readonly name: string;
  /** Each resolves when the proxy serves what the control plane sent it. */
  startIngress(): Promise<DataPlane>;
  startSidecar: StartSidecar;
  /** Once every proxy is stopped. */
  close(): Promise<void>;
}

export interface DataPlaneOptions {
  readonly controlPlane: ControlPlane;
  /** The address they are known under; listeners are bound where the control plane says. */
  readonly address: string;
  readonly log: (line: string) => void;
  /** Access log lines. */
  readonly onOutput: (line: string) => void;
}

/** What a proxy says of itself, in Istio's words. */
export interface DataPlaneNode {
  readonly id: string;
  readonly cluster: string;
  /** In Istio's keys, by which metrics name it. */
  readonly metadata: {
    readonly NAMESPACE: string;
    readonly WORKLOAD_NAME: string;
    readonly LABELS: Record<string, string>;
  };
}

/** The ingress gateway; `kind` tells the implementations apart in logs. */
export function ingressNode(address: string, kind: 'embedded' | 'envoy'): DataPlaneNode {
  return {
    id: nodeId({
      type: 'router',
      ip: address,
      name: `istio-ingressgateway-${kind}`,
      namespace: INGRESS_NAMESPACE,
      dnsDomain: `${INGRESS_NAMESPACE}.svc.cluster.local`,
    }),
    cluster: `istio-ingressgateway.${INGRESS_NAMESPACE}`,
    metadata: { NAMESPACE: INGRESS_NAMESPACE, WORKLOAD_NAME: 'istio-ingressgateway', LABELS: { ...INGRESS_LABELS } },
  };
}

/** The sidecar of a pod. */
export function sidecarNode(
  { namespace, name, workload }: PodPlan,
  labels: Readonly<Record<string, string>>,
  address: string,
): DataPlaneNode {
  return {
    id: nodeId({ type: 'sidecar', ip: address, name, namespace, dnsDomain: `${namespace}.svc.cluster.local` }),
    cluster: `${labels['app'] ?? name}.${namespace}`,
    metadata: { NAMESPACE: namespace, WORKLOAD_NAME: workload, LABELS: { ...labels } },
  };
}
