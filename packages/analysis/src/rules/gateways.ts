import { formatRef, fullGatewayName, isHttp, narrowerHost, parseProtocol, refOf, selectsLabels } from '@heddle/model';
import { formatLabels, type Gateway, type MeshIndex, namespaceOf, push } from '../mesh-index.ts';
import type { AnalysisRule } from '../rule.ts';

type Server = Gateway['spec']['servers'][number];

/** A server with the Gateway it stands in. */
interface PlacedServer {
  readonly gateway: Gateway;
  readonly server: Server;
  readonly index: number;
}

function* serversOf(mesh: MeshIndex): Generator<PlacedServer> {
  for (const gateway of mesh.snapshot.list('Gateway')) {
    for (const [index, server] of gateway.spec.servers.entries()) yield { gateway, server, index };
  }
}

/** Gateways whose selector no workload has. */
const selectorMatchesNothing: AnalysisRule = {
  name: 'gateway-selector',
  code: 'IST0127',
  scope: 'mesh',
  about: 'a Gateway selects labels that no gateway workload has',
  *check(mesh) {
    for (const gateway of mesh.snapshot.list('Gateway')) {
      const { selector } = gateway.spec;
      if (mesh.assumedGateways.some((labels) => selectsLabels(selector, labels))) continue;
      if (mesh.workloads.some(({ labels }) => selectsLabels(selector, labels))) continue;
      yield {
        object: gateway,
        path: ['spec', 'selector'],
        message: `no workload has the labels ${formatLabels(selector)}`,
        effect: 'no proxy opens its ports',
        fix: `select the labels of a gateway that runs, such as ${formatLabels({ istio: 'ingressgateway' })}`,
      };
    }
  },
};

/** Ports that the Service of the gateway does not pass on. */
const portNotOnService: AnalysisRule = {
  name: 'gateway-port-not-on-service',
  code: 'IST0162',
  scope: 'mesh',
  about: 'a Gateway opens a port that no Service of its workload leads to',
  *check(mesh) {
    for (const { gateway, server, index } of serversOf(mesh)) {
      const workloads = mesh.workloads.filter(({ labels }) => selectsLabels(gateway.spec.selector, labels));
      if (workloads.length === 0) continue;
      const services = mesh.snapshot
        .list('Service')
        .filter(
          ({ spec, metadata }) =>
            formatLabels(spec.selector) !== '' &&
            workloads.some(
              ({ labels, namespace }) => namespace === metadata.namespace && selectsLabels(spec.selector, labels),
            ),
        );
      // Without a Service it is reached in another way, by the port of its host perhaps.
      if (services.length === 0) continue;
      const { number } = server.port;
      const targets = services.flatMap(({ spec }) => (spec.ports ?? []).flatMap((port) => targetsOf(port, workloads)));
      if (targets.includes(number)) continue;
      yield {
        object: gateway,
        path: ['spec', 'servers', index, 'port', 'number'],
        message: `no port of ${services.map((service) => formatRef(refOf(service))).join(', ')} leads to port ${number}`,
        effect: 'the port is not reached through the Service',
        fix: `add a port with targetPort ${number} to the Service`,
      };
    }
  },
};

/** The numbers of the container ports that a Service's port leads to. */
function targetsOf(
  port: { readonly port: number; readonly targetPort?: number | string },
  workloads: readonly { readonly ports: readonly { readonly name?: string; readonly containerPort: number }[] }[],
): readonly number[] {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number' || /^\d+$/.test(target)) return [Number(target)];
  return workloads.flatMap(({ ports }) => ports.filter(({ name }) => name === target).map((one) => one.containerPort));
}

/** A proxy may serve both: one selector asks for no more than the other, or both for the same. */
function sameProxies(a: Gateway, b: Gateway): boolean {
  return selectsLabels(a.spec.selector, b.spec.selector ?? {}) || selectsLabels(b.spec.selector, a.spec.selector ?? {});
}

function describe({ gateway, index }: PlacedServer): string {
  return `${formatRef(refOf(gateway))} (spec.servers[${index}])`;
}

/** Servers that claim the same host of the same port. */
const conflictingGateways: AnalysisRule = {
  name: 'conflicting-gateways',
  code: 'IST0145',
  scope: 'mesh',
  about: 'two servers claim the same host on the same port of one gateway',
  *check(mesh) {
    const claims = new Map<string, PlacedServer[]>();
    for (const one of serversOf(mesh)) {
      const { port, bind = '', hosts } = one.server;
      for (const [index, host] of hosts.entries()) {
        const key = JSON.stringify([port.number, bind, familyOf(one.server), host]);
        const earlier = claims
          .get(key)
          ?.find((other) => other.gateway !== one.gateway && sameProxies(other.gateway, one.gateway));
        push(claims, key, one);
        if (earlier === undefined) continue;
        yield {
          object: one.gateway,
          path: ['spec', 'servers', one.index, 'hosts', index],
          message: `"${host}" on port ${port.number} is claimed by ${describe(earlier)} already`,
          effect:
            'in plain HTTP the routes of both are merged; with TLS only the certificate of the older one is shown',
          fix: 'give the two different hosts, or keep one of them',
        };
      }
    }
  },
};

/** Servers of one family share a port. */
const FAMILIES = ['http', 'tls', 'tcp'] as const;

function familyOf({ port }: Server): (typeof FAMILIES)[number] {
  const protocol = parseProtocol(port.protocol);
  if (isHttp(protocol)) return 'http';
  return protocol === 'https' || protocol === 'tls' ? 'tls' : 'tcp';
}

/** Servers whose protocols one port cannot speak together. */
const conflictingProtocols: AnalysisRule = {
  name: 'gateway-protocol-conflict',
  code: 'HED204',
  scope: 'mesh',
  about: 'two servers want protocols on one port of a gateway that exclude each other',
  *check(mesh) {
    const byPort = new Map<string, PlacedServer[]>();
    for (const one of serversOf(mesh)) {
      const { port, bind = '' } = one.server;
      const own = familyOf(one.server);
      const earlier = FAMILIES.filter((family) => family !== own)
        .flatMap((family) => byPort.get(`${port.number} ${bind} ${family}`) ?? [])
        .find((other) => sameProxies(other.gateway, one.gateway));
      push(byPort, `${port.number} ${bind} ${own}`, one);
      if (earlier === undefined) continue;
      yield {
        object: one.gateway,
        path: ['spec', 'servers', one.index, 'port'],
        message: `${port.protocol} on port ${port.number} conflicts with ${earlier.server.port.protocol} of ${describe(earlier)}`,
        effect: `only one of the two protocols is served on port ${port.number}`,
        fix: 'use another port, or one protocol for both',
      };
    }
  },
};

/** Hosts of a VirtualService that the Gateway it is bound to does not serve. */
const hostNotInGateway: AnalysisRule = {
  name: 'host-not-in-gateway',
  code: 'IST0132',
  scope: 'mesh',
  about: 'a VirtualService has a host that a Gateway it is bound to does not serve',
  *check(mesh) {
    for (const virtualService of mesh.snapshot.list('VirtualService')) {
      for (const [index, written] of (virtualService.spec.hosts ?? []).entries()) {
        const host = mesh.fullHost(written, namespaceOf(virtualService));
        for (const reference of virtualService.spec.gateways ?? []) {
          const gateway = mesh.gateways.get(fullGatewayName(reference, namespaceOf(virtualService)));
          if (
            gateway === undefined ||
            gateway.spec.servers.some((server) => serves(server, gateway, virtualService, host))
          )
            continue;
          const served = [...new Set(gateway.spec.servers.flatMap(({ hosts }) => hosts))];
          yield {
            object: virtualService,
            path: ['spec', 'hosts', index],
            message: `${formatRef(refOf(gateway))} does not serve "${host}" for namespace "${namespaceOf(virtualService)}", only ${served.map((name) => `"${name}"`).join(', ')}`,
            effect: 'requests to this host are answered with 404 there',
            fix: 'add the host to a server of the Gateway',
          };
        }
      }
    }
  },
};

function serves(
  { hosts }: Server,
  gateway: Gateway,
  virtualService: Parameters<typeof namespaceOf>[0],
  host: string,
): boolean {
  return hosts.some((written) => {
    const slash = written.indexOf('/');
    const scope = slash < 0 ? '*' : written.slice(0, slash);
    const open = scope === '*' || (scope === '.' ? namespaceOf(gateway) : scope) === namespaceOf(virtualService);
    return open && narrowerHost(host, written.slice(slash + 1).toLowerCase()) !== undefined;
  });
}

/** Gateways at which nothing is routed. */
const withoutRoutes: AnalysisRule = {
  name: 'gateway-without-routes',
  code: 'HED209',
  scope: 'mesh',
  about: 'no VirtualService is bound to a Gateway',
  *check(mesh) {
    const bound = new Set(
      mesh.snapshot
        .list('VirtualService')
        .flatMap((one) => (one.spec.gateways ?? []).map((name) => fullGatewayName(name, namespaceOf(one)))),
    );
    for (const [name, gateway] of mesh.gateways) {
      // A server that only sends to HTTPS needs no routes.
      if (bound.has(name) || gateway.spec.servers.every(({ tls }) => tls?.httpsRedirect === true)) continue;
      yield {
        object: gateway,
        path: ['spec', 'servers'],
        message: 'no VirtualService is bound to it',
        effect: 'requests are answered with 404',
        fix: `bind a VirtualService by gateways: ["${name}"]`,
      };
    }
  },
};

/** Certificates that several Gateways of one proxy show. */
const duplicateCertificate: AnalysisRule = {
  name: 'duplicate-certificate',
  code: 'IST0138',
  scope: 'mesh',
  about: 'two Gateways of one proxy use the same certificate',
  *check(mesh) {
    const seen: PlacedServer[] = [];
    for (const placed of serversOf(mesh)) {
      const own = certificateOf(placed.server);
      if (own === undefined) continue;
      const earlier = seen.find(
        (other) =>
          other.gateway !== placed.gateway &&
          certificateOf(other.server) === own &&
          sameProxies(other.gateway, placed.gateway),
      );
      seen.push(placed);
      if (earlier === undefined) continue;
      yield {
        object: placed.gateway,
        path: ['spec', 'servers', placed.index, 'tls'],
        message: `${describe(earlier)} uses the same certificate`,
        effect: 'a browser that keeps an HTTP/2 connection for both hosts gets 404 for one of them',
        fix: 'put the servers with one certificate into one Gateway',
      };
    }
  },
};

function certificateOf({ tls }: Server): string | undefined {
  if (tls?.credentialName !== undefined) return `secret ${tls.credentialName}`;
  return tls?.serverCertificate === undefined ? undefined : `file ${tls.serverCertificate}`;
}

export const gatewayRules: readonly AnalysisRule[] = [
  selectorMatchesNothing,
  portNotOnService,
  conflictingGateways,
  conflictingProtocols,
  hostNotInGateway,
  withoutRoutes,
  duplicateCertificate,
];
