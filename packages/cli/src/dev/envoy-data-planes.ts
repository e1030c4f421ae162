import { buildBootstrap, ISTIO_STATS_TAGS, runEnvoy } from '@heddle/agent';
import { serveDiscovery } from '@heddle/discovery/node';
import { locateEnvoy } from '../commands/envoy.ts';
import {
  type DataPlane,
  type DataPlaneNode,
  type DataPlaneOptions,
  type DataPlanes,
  ingressNode,
  sidecarNode,
} from './data-plane.ts';

/** Connections beyond which a sidecar on a laptop closes new ones. */
const SIDECAR_CONNECTIONS = 5000;

/** Real Envoys, connected to the control plane over loopback. */
export async function envoyDataPlanes(
  options: DataPlaneOptions & { readonly envoyPath?: string },
): Promise<DataPlanes> {
  const { controlPlane, address, envoyPath } = options;
  const found = await locateEnvoy(envoyPath === undefined ? {} : { envoyPath });
  const discovery = await serveDiscovery({ server: controlPlane.discovery, address: '127.0.0.1:0' });
  const start = (node: DataPlaneNode, prefix: string, maxDownstreamConnections?: number) =>
    startEnvoy({ path: found.path, adsAddress: discovery.address, node, prefix, maxDownstreamConnections, ...options });
  return {
    name: `Envoy ${found.version}`,
    startIngress: () => start(ingressNode(address, 'envoy'), ''),
    startSidecar: (pod, labels) =>
      start(sidecarNode(pod, labels, address), `[${pod.namespace}/${pod.name} sidecar] `, SIDECAR_CONNECTIONS),
    close: () => discovery.close(),
  };
}

async function startEnvoy(options: {
  readonly path: string;
  readonly adsAddress: string;
  readonly node: DataPlaneNode;
  /** Before each line that is logged. */
  readonly prefix: string;
  readonly maxDownstreamConnections: number | undefined;
  readonly log: (line: string) => void;
  readonly onOutput: (line: string) => void;
}): Promise<DataPlane> {
  const { path, adsAddress, node, prefix, maxDownstreamConnections, log, onOutput } = options;
  let died = false;
  return runEnvoy({
    path,
    concurrency: 1,
    logLevel: 'warning',
    bootstrap: buildBootstrap({
      adsAddress,
      node,
      // A filter of the mesh may count what Istio's proxies count.
      statsTags: ISTIO_STATS_TAGS,
      ...(maxDownstreamConnections === undefined ? {} : { maxDownstreamConnections }),
    }),
    onLog: ({ level, message }) => {
      if (level === 'error' || level === 'critical') log(`${prefix}envoy: ${message}`);
    },
    onOutput: (line) => onOutput(`${prefix}${line}`),
    onEvent: (event) => {
      if (event.type === 'died') {
        died = true;
        log(`${prefix}Envoy died${event.lastError === '' ? '' : `: ${event.lastError}`}; starting it again`);
      } else if (event.type === 'ready' && died) {
        died = false;
        log(`${prefix}Envoy serves again`);
      }
    },
  });
}
