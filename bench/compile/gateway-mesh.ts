import type { AnyMeshObject, ProxyNode } from '@heddle/model';

/** One gateway proxy that serves every Gateway. */
export const GATEWAY: ProxyNode = {
  id: 'router~127.0.0.1~gateway.istio-system~istio-system.svc.cluster.local',
  type: 'router',
  ip: '127.0.0.1',
  name: 'gateway',
  namespace: 'istio-system',
  dnsDomain: 'istio-system.svc.cluster.local',
  labels: { istio: 'ingressgateway' },
  capabilities: { dataPlane: 'envoy', minor: 40 },
};

/** As many Gateways, VirtualServices, DestinationRules and Services (two ready Pods each) as asked for, in ten namespaces. */
export function gatewayMesh(count: number): readonly AnyMeshObject[] {
  return Array.from({ length: count }, (_, index) => [
    pod(index, 1),
    pod(index, 2),
    service(index),
    gateway(index),
    virtualService(index, '/cart'),
    destinationRule(index, 'LEAST_REQUEST'),
  ]).flat();
}

export function pod(
  index: number,
  replica: number,
  podIP = `10.${index >> 8}.${index & 255}.${replica}`,
): AnyMeshObject {
  return named('v1', 'Pod', index, `-${replica}`, {
    labels: { app: `service-${index}`, version: `v${replica}` },
    spec: { containers: [{ name: 'web', image: 'web', ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: { podIP, phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
}

export function service(index: number, publishNotReadyAddresses = false): AnyMeshObject {
  return named('v1', 'Service', index, '', {
    spec: {
      selector: { app: `service-${index}` },
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
      publishNotReadyAddresses,
    },
  });
}

export function gateway(index: number, annotations: Readonly<Record<string, string>> = {}): AnyMeshObject {
  return named('networking.istio.io/v1', 'Gateway', index, '', {
    annotations,
    spec: {
      selector: { istio: 'ingressgateway' },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [`service-${index}.example.com`] }],
    },
  });
}

export function virtualService(index: number, prefix: string): AnyMeshObject {
  const host = `service-${index}`;
  return named('networking.istio.io/v1', 'VirtualService', index, '', {
    spec: {
      hosts: [`${host}.example.com`],
      gateways: [host],
      http: [
        { match: [{ uri: { prefix } }], route: [{ destination: { host, port: { number: 80 } } }] },
        { route: [{ destination: { host } }] },
      ],
    },
  });
}

export function destinationRule(index: number, simple: string): AnyMeshObject {
  return named('networking.istio.io/v1', 'DestinationRule', index, '', {
    spec: { host: `service-${index}`, trafficPolicy: { loadBalancer: { simple } } },
  });
}

function named(
  apiVersion: string,
  kind: string,
  index: number,
  suffix: string,
  { labels = {}, annotations = {}, ...rest }: Readonly<Record<string, unknown>>,
): AnyMeshObject {
  const metadata = { name: `service-${index}${suffix}`, namespace: `shop-${index % 10}`, labels, annotations };
  return { apiVersion, kind, metadata, ...rest } as unknown as AnyMeshObject;
}
