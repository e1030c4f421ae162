import { create, toBinary } from '@bufbuild/protobuf';
import { RedirectAction_RedirectResponseCode, RouteSchema, VirtualHostSchema } from '@heddle/envoy-api/route';
import { type Origin, virtualHostName } from '@heddle/model';
import { encodeField } from '../encoding.ts';
import type { ServerSource } from '../gateways/gateway-ports.ts';
import { hostDomain } from '../hosts/ip-address.ts';
import type { Memo } from '../memo.ts';
import { refOfObject } from '../mesh-objects.ts';
import { type EncodedVirtualHost, encodeVirtualHost } from './virtual-host.ts';

/** The port that `https` stands for. */
export const HTTPS_PORT = 443;

/**
 * A host of a server that redirects everything to HTTPS, where no VirtualService has routes, or where HTTPS is bound to another port than
 * callers know: then the location names that port, so that it leads there.
 */
export function buildRedirectVirtualHost(
  _memo: Memo,
  source: ServerSource,
  host: string,
  port: number,
  boundHttpsPort: number,
): EncodedVirtualHost {
  const { entry, server } = source;
  const origin: Origin = {
    resource: refOfObject(entry.gateway),
    path: ['spec', 'servers', server.index, 'tls', 'httpsRedirect'],
  };
  const name = virtualHostName(host, port);
  const domains = [hostDomain(host)];
  if (boundHttpsPort === HTTPS_PORT) return encodeVirtualHost(name, domains, [], origin, [], true);
  const route = create(RouteSchema, {
    match: { pathSpecifier: { case: 'prefix', value: '/' } },
    action: {
      case: 'redirect',
      value: {
        schemeRewriteSpecifier: { case: 'httpsRedirect', value: true },
        portRedirect: boundHttpsPort,
        responseCode: RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
      },
    },
  });
  const bytes = encodeField(VirtualHostSchema, 'routes', toBinary(RouteSchema, route));
  return encodeVirtualHost(name, domains, [{ bytes, catchAll: true, origins: [['', origin]] }], origin, []);
}
