import { gatewayReference, wildcardHostOrIp } from '../formats/host.ts';
import { hostsOverlap, hostWithin } from '../host-match.ts';
import type { KindDeclaration } from '../kind.ts';
import { array, type Infer, object, type ReportProblem, string } from '../schema.ts';
import { checkExportTo, exportTargets } from './export-to.ts';
import { HttpRoute, matchesOnClaims } from './http-route.ts';
import { IstioStatus } from './istio-status.ts';
import { TcpRoute, TlsRoute } from './tcp-route.ts';

/** Istio `networking.istio.io VirtualService`: where requests to some hosts go (https://istio.io/latest/docs/reference/config/networking/virtual-service/). */
export const VirtualServiceSpec = object(
  {
    hosts: array(string({ format: wildcardHostOrIp }), {
      maxItems: 1000,
      doc: 'Whom the rules are for; short names are read in the namespace of the object. Without hosts it is a delegate of another one.',
    }),
    gateways: array(string({ format: gatewayReference }), {
      doc: 'Gateways and, as mesh, all sidecars; only mesh if absent.',
    }),
    http: array(HttpRoute),
    tls: array(TlsRoute, { doc: 'Rules for connections with TLS that is passed through, by server name.' }),
    tcp: array(TcpRoute, { doc: 'Rules for connections that speak no HTTP.' }),
    exportTo: exportTargets,
  },
  { check: (spec, report) => checkVirtualService(spec, report) },
);
export type VirtualServiceSpec = Infer<typeof VirtualServiceSpec>;

function checkVirtualService(spec: VirtualServiceSpec, report: ReportProblem): void {
  const hosts = spec.hosts ?? [];
  const gateways = spec.gateways ?? [];
  const forMesh = gateways.length === 0 || gateways.includes('mesh');
  if (hosts.length === 0) {
    for (const field of ['gateways', 'tls', 'tcp'] as const) {
      if ((spec[field]?.length ?? 0) > 0) {
        report({
          path: [field],
          message: `found ${field} in a delegate (a VirtualService without hosts)`,
          wanted: 'hosts, or http alone',
        });
      }
    }
  }
  if ([spec.http, spec.tls, spec.tcp].every((rules) => (rules?.length ?? 0) === 0)) {
    report({ message: 'found no rules', wanted: 'http, tls or tcp' });
  }
  checkHosts(hosts, hosts.length > 0 && forMesh, report);
  for (const [index, rule] of (spec.http ?? []).entries()) {
    if (hosts.length === 0 && rule.delegate !== undefined) {
      report({
        path: ['http', index, 'delegate'],
        message: 'found a delegate inside a delegate',
        wanted: 'route, redirect or directResponse',
      });
    }
    if (forMesh && hosts.length > 0 && matchesOnClaims(rule)) {
      report({
        path: ['http', index, 'match'],
        message: 'found a match on @request.auth.claims for sidecars',
        wanted: 'gateways without mesh',
      });
    }
  }
  for (const [index, rule] of (spec.tls ?? []).entries()) {
    for (const [place, match] of rule.match.entries()) {
      for (const [at, sni] of match.sniHosts.entries()) {
        if (hosts.some((host) => hostWithin(sni, host))) continue;
        report({
          path: ['tls', index, 'match', place, 'sniHosts', at],
          message: `found "${sni}"`,
          wanted: 'a name within spec.hosts',
        });
      }
    }
  }
  checkExportTo(spec.exportTo, report);
}

function checkHosts(hosts: readonly string[], forMesh: boolean, report: ReportProblem): void {
  for (const [index, host] of hosts.entries()) {
    if (forMesh && host === '*') {
      report({
        path: ['hosts', index],
        message: 'found "*" for sidecars',
        wanted: 'a host, or gateways that do not include mesh',
      });
    }
    const earlier = hosts.slice(0, index).find((other) => hostsOverlap(other, host));
    if (earlier !== undefined) {
      report({
        path: ['hosts', index],
        message: `found "${host}", which "${earlier}" covers too`,
        wanted: 'hosts that do not overlap',
      });
    }
  }
}

export const VirtualService: KindDeclaration<'VirtualService', VirtualServiceSpec> = {
  kind: 'VirtualService',
  group: 'networking.istio.io',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
  scope: 'namespaced',
  plural: 'virtualservices',
  spec: VirtualServiceSpec,
  status: IstioStatus,
};
