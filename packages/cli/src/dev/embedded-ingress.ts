import { GATEWAY_FEATURES, GATEWAY_USER_AGENT } from '@heddle/gateway';
import { createStandaloneGateway } from '@heddle/gateway/node';
import { nodeId } from '@heddle/model';
import { createResourceWatcher } from '@heddle/xds-client';
import { INGRESS_LABELS, INGRESS_NAMESPACE, type IngressDataPlane, type IngressOptions } from './data-plane.ts';

/** Starts Heddle's own data plane in this process, connected to the control plane in memory. */
export async function startEmbeddedIngress(options: IngressOptions): Promise<IngressDataPlane> {
  const { controlPlane, address, log, onOutput } = options;
  const gateway = createStandaloneGateway({
    accessLogSink: (_path, line) => onOutput(line.trimEnd()),
    onProblem: ({ kind, name, message }) => log(`gateway: ${kind} "${name}": ${message}`),
  });
  const watcher = createResourceWatcher({
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
      userAgentName: GATEWAY_USER_AGENT,
      clientFeatures: [...GATEWAY_FEATURES],
    },
    onConfig: async (config) => {
      await gateway.apply(config);
    },
  });
  watcher.start();
  return {
    name: 'embedded data plane',
    stop: async () => {
      watcher.close();
      await gateway.close({ drainTimeoutMs: 2000 });
    },
  };
}
