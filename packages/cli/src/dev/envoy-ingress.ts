import { buildBootstrap, runEnvoy } from '@heddle/agent';
import { serveDiscovery } from '@heddle/discovery/node';
import { nodeId } from '@heddle/model';
import { locateEnvoy } from '../commands/envoy.ts';
import { INGRESS_LABELS, INGRESS_NAMESPACE, type IngressDataPlane, type IngressOptions } from './data-plane.ts';

/** Starts a real Envoy as ingress, connected to the control plane over loopback. */
export async function startEnvoyIngress(
  options: IngressOptions & { readonly envoyPath?: string },
): Promise<IngressDataPlane> {
  const { controlPlane, address, log, onOutput, envoyPath } = options;
  const found = await locateEnvoy(envoyPath === undefined ? {} : { envoyPath });
  const discovery = await serveDiscovery({ server: controlPlane.discovery, address: '127.0.0.1:0' });
  let died = false;
  const envoy = await runEnvoy({
    path: found.path,
    concurrency: 1,
    logLevel: 'warning',
    bootstrap: buildBootstrap({
      adsAddress: discovery.address,
      node: {
        id: nodeId({
          type: 'router',
          ip: address,
          name: 'istio-ingressgateway-envoy',
          namespace: INGRESS_NAMESPACE,
          dnsDomain: `${INGRESS_NAMESPACE}.svc.cluster.local`,
        }),
        cluster: `istio-ingressgateway.${INGRESS_NAMESPACE}`,
        metadata: { NAMESPACE: INGRESS_NAMESPACE, LABELS: INGRESS_LABELS },
      },
    }),
    onLog: ({ level, message }) => {
      if (level === 'error' || level === 'critical') log(`envoy: ${message}`);
    },
    onOutput,
    onEvent: (event) => {
      if (event.type === 'died') {
        died = true;
        log(`Envoy died${event.lastError === '' ? '' : `: ${event.lastError}`}; starting it again`);
      } else if (event.type === 'ready' && died) {
        died = false;
        log('Envoy serves again');
      }
    },
  }).catch(async (error: unknown) => {
    await discovery.close();
    throw error;
  });
  return {
    name: `Envoy ${found.version}`,
    stop: async () => {
      await envoy.stop();
      await discovery.close();
    },
  };
}
