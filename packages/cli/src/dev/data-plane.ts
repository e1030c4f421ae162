import type { ControlPlane } from '@heddle/control-plane';

/** Labels of the one ingress gateway that `heddle dev` runs: those that Istio's own ingress gateway carries. */
export const INGRESS_LABELS: Readonly<Record<string, string>> = {
  app: 'istio-ingressgateway',
  istio: 'ingressgateway',
};

/** Namespace the ingress gateway stands in. */
export const INGRESS_NAMESPACE = 'istio-system';

/** A proxy that serves as ingress. */
export interface IngressDataPlane {
  /** `embedded data plane`, `Envoy 1.40.0`. */
  readonly name: string;
  stop(): Promise<void>;
}

export interface IngressOptions {
  readonly controlPlane: ControlPlane;
  /** The address it is known under; listeners are bound where the control plane says. */
  readonly address: string;
  readonly log: (line: string) => void;
  /** Access log lines. */
  readonly onOutput: (line: string) => void;
}
