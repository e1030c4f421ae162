import { suggest } from '@heddle/api';
import { fullGatewayName, hostIsWithin, isWildcardHost, likelyHost, MESH_GATEWAY } from '@heddle/model';
import { type MeshIndex, namespaceOf } from '../mesh-index.ts';
import type { AnalysisRule } from '../rule.ts';
import { destinationsOf } from './destinations.ts';

const NO_CLUSTER = 'requests that are sent there are answered with 503 (no cluster)';

/** VirtualServices bound to Gateways that do not exist. */
const missingGateway: AnalysisRule = {
  name: 'missing-gateway',
  code: 'IST0101',
  scope: 'mesh',
  about: 'a VirtualService is bound to a Gateway that does not exist',
  *check(mesh) {
    for (const virtualService of mesh.snapshot.list('VirtualService')) {
      for (const [index, written] of (virtualService.spec.gateways ?? []).entries()) {
        const name = fullGatewayName(written, namespaceOf(virtualService));
        if (name === MESH_GATEWAY || mesh.gateways.has(name)) continue;
        const near = likelyGateway(name, mesh);
        yield {
          object: virtualService,
          path: ['spec', 'gateways', index],
          message: `there is no Gateway "${name}"`,
          effect: 'its routes are not served there: requests get 404, or no connection at all',
          fix: near === undefined ? 'name a Gateway as NAMESPACE/NAME' : `did you mean "${near}"?`,
        };
      }
    }
  },
};

/** A Gateway of the same name in another namespace, or one whose name differs in a few letters. */
function likelyGateway(name: string, { gateways }: MeshIndex): string | undefined {
  const short = name.slice(name.indexOf('/'));
  return [...gateways.keys()].find((candidate) => candidate.endsWith(short)) ?? suggest(name, gateways.keys());
}

/** Destinations whose host nobody declares. */
const unknownDestination: AnalysisRule = {
  name: 'unknown-destination',
  code: 'IST0101',
  scope: 'mesh',
  about: 'a route leads to a host that no Service and no ServiceEntry has',
  *check(mesh) {
    for (const { virtualService, destination, path } of destinationsOf(mesh)) {
      const host = mesh.fullHost(destination.host, namespaceOf(virtualService));
      if (mesh.hostFor(host) !== undefined) continue;
      const near = likelyHost(host, [...mesh.hosts.keys()]);
      yield {
        object: virtualService,
        path: [...path, 'host'],
        message: `no service has the host "${host}"`,
        effect: NO_CLUSTER,
        fix: near === undefined ? 'name a Service, or the host of a ServiceEntry' : `did you mean "${near}"?`,
      };
    }
  },
};

/** Destinations whose subset no DestinationRule declares. */
const unknownSubset: AnalysisRule = {
  name: 'unknown-subset',
  code: 'IST0101',
  scope: 'mesh',
  about: 'a route leads to a subset that no DestinationRule declares',
  *check(mesh) {
    for (const { virtualService, destination, path } of destinationsOf(mesh)) {
      const { subset } = destination;
      const host = mesh.fullHost(destination.host, namespaceOf(virtualService));
      // One finding for one mistake: what is wrong with the host is told already.
      if (subset === undefined || mesh.hostFor(host) === undefined) continue;
      const declared = mesh.rulesFor(host).flatMap((rule) => (rule.spec.subsets ?? []).map(({ name }) => name));
      if (declared.includes(subset)) continue;
      const near = suggest(subset, declared);
      const known = declared.length === 0 ? '' : `, only ${declared.map((name) => `"${name}"`).join(', ')}`;
      yield {
        object: virtualService,
        path: [...path, 'subset'],
        message: `no DestinationRule declares a subset "${subset}" for "${host}"${known}`,
        effect: NO_CLUSTER,
        fix: near === undefined ? `declare the subset in a DestinationRule for "${host}"` : `did you mean "${near}"?`,
      };
    }
  },
};

/** DestinationRules for hosts that nobody declares. */
const ruleWithoutHost: AnalysisRule = {
  name: 'destination-rule-without-host',
  code: 'HED201',
  scope: 'mesh',
  about: 'a DestinationRule is for a host that no Service and no ServiceEntry has',
  *check(mesh) {
    for (const rule of mesh.snapshot.list('DestinationRule')) {
      const host = mesh.fullHost(rule.spec.host, namespaceOf(rule));
      if (mesh.hostFor(host) !== undefined) continue;
      if (isWildcardHost(host) && [...mesh.hosts.keys()].some((known) => hostIsWithin(known, host))) continue;
      const near = likelyHost(host, [...mesh.hosts.keys()]);
      yield {
        object: rule,
        path: ['spec', 'host'],
        message: `no service has the host "${host}"`,
        effect: 'the rule is used by nothing',
        fix: near === undefined ? 'name a Service, or the host of a ServiceEntry' : `did you mean "${near}"?`,
      };
    }
  },
};

/** `exportTo` that names namespaces nothing stands in. */
const unknownNamespace: AnalysisRule = {
  name: 'unknown-export-namespace',
  code: 'HED220',
  scope: 'mesh',
  about: 'exportTo names a namespace that no object declares or stands in',
  *check(mesh) {
    const { snapshot } = mesh;
    for (const object of [
      ...snapshot.list('VirtualService'),
      ...snapshot.list('DestinationRule'),
      ...snapshot.list('ServiceEntry'),
    ]) {
      for (const [index, target] of (object.spec.exportTo ?? []).entries()) {
        if (target === '.' || target === '*' || target === '~' || mesh.namespaces.has(target)) continue;
        const near = suggest(target, mesh.namespaces);
        yield {
          object,
          path: ['spec', 'exportTo', index],
          message: `nothing stands in namespace "${target}"`,
          effect: 'nobody sees the object by this entry',
          fix: near === undefined ? 'name a namespace that exists, "." or "*"' : `did you mean "${near}"?`,
        };
      }
    }
  },
};

export const referenceRules: readonly AnalysisRule[] = [
  missingGateway,
  unknownDestination,
  unknownSubset,
  ruleWithoutHost,
  unknownNamespace,
];
