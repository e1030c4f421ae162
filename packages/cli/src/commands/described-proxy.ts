import { suggest } from '@heddle/api';
import type { MeshSnapshot, ProxyNode } from '@heddle/model';
import { INGRESS_LABELS, INGRESS_NAMESPACE } from '../dev/data-plane.ts';
import { CommandError, EXIT } from '../exit-code.ts';

/** A proxy that a command line describes: everything that decides what it may see, but for what it is able to do. */
export type DescribedProxy = Pick<ProxyNode, 'type' | 'ip' | 'name' | 'namespace' | 'dnsDomain' | 'labels'>;

/**
 * Reads `gateway` (Istio's ingress gateway), `gateway:KEY=VALUE,…` (a router with these labels) or `sidecar:NAMESPACE/NAME`, where
 * NAME is a Pod or a Deployment among the manifests.
 */
export function describeProxy(text: string, snapshot: MeshSnapshot): DescribedProxy {
  if (text === 'gateway') return router(INGRESS_LABELS);
  if (text.startsWith('gateway:')) return router(parseLabels(text.slice('gateway:'.length)));
  const workload = /^sidecar:([^/]+)\/([^/]+)$/.exec(text);
  const [, namespace, name] = workload ?? [];
  if (namespace === undefined || name === undefined) {
    throw new CommandError(`found --for "${text}", wanted gateway, gateway:KEY=VALUE,… or sidecar:NAMESPACE/NAME`, {
      exitCode: EXIT.usage,
    });
  }
  const labels =
    snapshot.get('Pod', namespace, name)?.metadata.labels ??
    snapshot.get('Deployment', namespace, name)?.spec.template.metadata?.labels;
  if (labels === undefined) throw unknownWorkload(`${namespace}/${name}`, snapshot);
  return { type: 'sidecar', ip: '127.0.0.1', name, namespace, dnsDomain: `${namespace}.svc.cluster.local`, labels };
}

/**
 * The gateway that requests enter by: Istio's ingress gateway unless told otherwise, a router with labels (`KEY=VALUE,…`), or one that
 * serves a Gateway (`NAMESPACE/NAME`, or `NAME` where only one is called so).
 */
export function describeGateway(text: string | undefined, snapshot: MeshSnapshot): DescribedProxy {
  if (text === undefined) return router(INGRESS_LABELS);
  if (text.includes('=')) return router(parseLabels(text));
  const gateways = snapshot.list('Gateway');
  const nameOf = ({ metadata }: (typeof gateways)[number]): string => `${metadata.namespace}/${metadata.name}`;
  const found = gateways.filter((gateway) => nameOf(gateway) === text || gateway.metadata.name === text);
  const [gateway] = found;
  if (gateway === undefined) {
    const known = gateways.map(nameOf);
    const near = text.includes('/')
      ? suggest(text, known)
      : suggest(
          text,
          gateways.map(({ metadata }) => metadata.name),
        );
    const hint = near === undefined ? `; known: ${known.join(', ') || 'none'}` : `; did you mean "${near}"?`;
    throw new CommandError(`no Gateway "${text}" in the manifests${hint}`);
  }
  if (found.length > 1) throw new CommandError(`"${text}" is ${found.map(nameOf).join(' or ')}, wanted one of them`);
  // What stands in several selectors is one proxy: the ingress gateway has all labels of its own.
  const { selector = {} } = gateway.spec;
  const ingress = Object.entries(selector).every(([key, value]) => INGRESS_LABELS[key] === value);
  return router(ingress ? INGRESS_LABELS : selector);
}

function router(labels: Readonly<Record<string, string>>): DescribedProxy {
  return {
    type: 'router',
    ip: '127.0.0.1',
    name: 'istio-ingressgateway',
    namespace: INGRESS_NAMESPACE,
    dnsDomain: `${INGRESS_NAMESPACE}.svc.cluster.local`,
    labels,
  };
}

function parseLabels(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [key, value, ...rest] = pair.split('=');
      if (!key || value === undefined || rest.length > 0) {
        throw new CommandError(`found label "${pair}", wanted KEY=VALUE`, { exitCode: EXIT.usage });
      }
      return [key, value];
    }),
  );
}

function unknownWorkload(wanted: string, snapshot: MeshSnapshot): CommandError {
  const known = [...snapshot.list('Deployment'), ...snapshot.list('Pod')].map(
    ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
  );
  const near = suggest(wanted, known);
  const hint =
    near !== undefined
      ? `; did you mean "${near}"?`
      : known.length === 0
        ? '; the manifests have no Deployments or Pods'
        : `; known: ${known.slice(0, 10).join(', ')}${known.length > 10 ? ', …' : ''}`;
  return new CommandError(`no Deployment or Pod "${wanted}" in the manifests${hint}`);
}
