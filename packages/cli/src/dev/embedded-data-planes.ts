import { followControlPlane } from '@heddle/gateway';
import { createStandaloneGateway } from '@heddle/gateway/node';
import {
  type DataPlane,
  type DataPlaneNode,
  type DataPlaneOptions,
  type DataPlanes,
  ingressNode,
  sidecarNode,
} from './data-plane.ts';

/** How long requests under way may take to finish when `heddle dev` is stopped. */
const DRAIN_MS = 2000;

/** Heddle's own data plane: proxies in this process, connected to the control plane in memory. */
export function embeddedDataPlanes(options: DataPlaneOptions): DataPlanes {
  const { address } = options;
  return {
    name: 'embedded data plane',
    startIngress: () => start(ingressNode(address, 'embedded'), '', options),
    startSidecar: (pod, labels) =>
      start(sidecarNode(pod, labels, address), `[${pod.namespace}/${pod.name} sidecar] `, options),
    close: () => Promise.resolve(),
  };
}

async function start(node: DataPlaneNode, prefix: string, options: DataPlaneOptions): Promise<DataPlane> {
  const { controlPlane, log, onOutput } = options;
  const gateway = createStandaloneGateway({
    accessLogSink: (_path, line) => onOutput(`${prefix}${line.trimEnd()}`),
    onFilterLog: ({ plugin, level, message }) => log(`${prefix}filter "${plugin}" ${level}: ${message}`),
    node,
    onProblem: ({ kind, name, message }) => log(`${prefix}gateway: ${kind} "${name}": ${message}`),
  });
  const following = followControlPlane(gateway, { transport: controlPlane.discovery.connect(), node });
  await following.ready;
  return {
    stop: async () => {
      following.close();
      await gateway.close({ drainTimeoutMs: DRAIN_MS });
    },
  };
}
