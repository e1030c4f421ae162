import { suggest } from '@heddle/api';
import {
  type FieldPath,
  fullGatewayName,
  hostIsWithin,
  isWildcardHost,
  type Labels,
  MESH_GATEWAY,
  selectsLabels,
} from '@heddle/model';
import { type Gateway, type MeshIndex, namespaceOf } from '../mesh-index.ts';
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
      const near = mesh.likelyHost(host);
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

/** Rules that leave the decision to VirtualServices that do not exist. */
const unknownDelegate: AnalysisRule = {
  name: 'unknown-delegate',
  code: 'IST0101',
  scope: 'mesh',
  about: 'a rule delegates to a VirtualService that does not exist',
  *check(mesh) {
    for (const virtualService of mesh.snapshot.list('VirtualService')) {
      for (const [index, { delegate }] of (virtualService.spec.http ?? []).entries()) {
        const { name, namespace = namespaceOf(virtualService) } = delegate ?? {};
        if (name === undefined || mesh.snapshot.get('VirtualService', namespace, name) !== undefined) continue;
        const near = suggest(
          name,
          mesh.snapshot.inNamespace('VirtualService', namespace).map(({ metadata }) => metadata.name),
        );
        yield {
          object: virtualService,
          path: ['spec', 'http', index, 'delegate'],
          message: `there is no VirtualService "${namespace}/${name}"`,
          effect: 'the rule is left out: its requests go on to the next one, or get 404',
          fix: near === undefined ? 'name a VirtualService without hosts' : `did you mean "${near}"?`,
        };
      }
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
      const near = mesh.likelyHost(host);
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

/** Where Istio looks for the authorities of a credential, beside the credential itself (Istio, "Secure Gateways"). */
const CA_SUFFIX = '-cacert';

/** Servers that name Secrets which do not exist where the gateway runs. */
const unknownCredential: AnalysisRule = {
  name: 'unknown-credential',
  code: 'IST0101',
  scope: 'mesh',
  about: 'a server of a Gateway names a Secret that does not exist where the gateway runs',
  *check(mesh) {
    const secrets = new Map<string, Set<string>>();
    for (const secret of mesh.snapshot.list('Secret')) {
      const known = secrets.get(secret.metadata.name);
      if (known === undefined) secrets.set(secret.metadata.name, new Set([namespaceOf(secret)]));
      else known.add(namespaceOf(secret));
    }
    // Manifests without any Secret keep theirs elsewhere, as most people do: nothing is known of them.
    if (secrets.size === 0) return;
    for (const gateway of mesh.snapshot.list('Gateway')) {
      const homes = gatewayNamespaces(mesh, gateway.spec.selector);
      for (const [index, { tls }] of gateway.spec.servers.entries()) {
        for (const { name, path } of credentialsOf(tls)) {
          const known = secrets.get(name) ?? secrets.get(`${name}${CA_SUFFIX}`) ?? new Set();
          if (homes.some((home) => known.has(home))) continue;
          const place = homes.map((home) => `"${home}"`).join(' or ');
          const elsewhere = [...known].map((namespace) => `"${namespace}"`).join(', ');
          const near = known.size > 0 ? undefined : suggest(name, secrets.keys());
          yield {
            object: gateway,
            path: ['spec', 'servers', index, 'tls', ...path],
            message: `there is no Secret "${name}" in namespace ${place}, where the gateway runs${elsewhere === '' ? '' : `, only in ${elsewhere}`}`,
            effect: 'connections to the hosts of this server are closed',
            fix: near === undefined ? `create the Secret in namespace ${place}` : `did you mean "${near}"?`,
          };
        }
      }
    }
  },
};

/** The namespaces of the workloads that a selector selects; the root namespace for those that are taken to run. */
function gatewayNamespaces(mesh: MeshIndex, selector: Labels | undefined): readonly string[] {
  const found = mesh.workloads
    .filter(({ labels }) => selectsLabels(selector, labels))
    .map(({ namespace }) => namespace);
  return found.length === 0 ? [mesh.rootNamespace] : [...new Set(found)];
}

type ServerTls = NonNullable<Gateway['spec']['servers'][number]['tls']>;

function credentialsOf(tls: ServerTls | undefined): readonly { readonly name: string; readonly path: FieldPath }[] {
  const { credentialName, credentialNames = [], caCertCredentialName } = tls ?? {};
  return [
    ...(credentialName === undefined ? [] : [{ name: credentialName, path: ['credentialName'] }]),
    ...credentialNames.map((name, index) => ({ name, path: ['credentialNames', index] })),
    ...(caCertCredentialName === undefined ? [] : [{ name: caCertCredentialName, path: ['caCertCredentialName'] }]),
  ];
}

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
  unknownDelegate,
  ruleWithoutHost,
  unknownCredential,
  unknownNamespace,
];
