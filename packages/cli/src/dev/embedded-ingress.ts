import { followControlPlane } from '@heddle/gateway';
import { createStandaloneGateway } from '@heddle/gateway/node';
import { nodeId } from '@heddle/model';
import { INGRESS_LABELS, INGRESS_NAMESPACE, type IngressDataPlane, type IngressOptions } from './data-plane.ts';

/** How long requests under way may take to finish when `heddle dev` is stopped. */
const DRAIN_MS = 2000;

/** Starts Heddle's own data plane in this process, connected to the control plane in memory. */
export async function startEmbeddedIngress(options: IngressOptions): Promise<IngressDataPlane> {
  const { controlPlane, address, log, onOutput } = options;
  const gateway = createStandaloneGateway({
    accessLogSink: (_path, line) => onOutput(line.trimEnd()),
    onProblem: ({ kind, name, message }) => log(`gateway: ${kind} "${name}": ${message}`),
  });
  const following = followControlPlane(gateway, {
    transport: controlPlane.discovery.connect(),
    node: {
      id: nodeId({
        type: 'router',
        ip: address,
        name: 'istio-ingressgateway-embedded',
        namespace: INGRESS_NAMESPACE,
        dnsDomain: `${INGRESS_NAMESPACE}.svc.cluster.local`,
      }),
      cluster: `istio-ingressgateway.${INGRESS_NAMESPACE}`,
      metadata: { NAMESPACE: INGRESS_NAMESPACE, LABELS: { ...INGRESS_LABELS } },
    },
  });
  await following.ready;
  return {
    name: 'embedded data plane',
    stop: async () => {
      following.close();
      await gateway.close({ drainTimeoutMs: DRAIN_MS });
    },
  };
}
