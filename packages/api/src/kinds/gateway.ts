import { dnsLabel } from '../formats/dns-name.ts';
import { gatewayServerHost } from '../formats/host.ts';
import { isIpAddress } from '../formats/ip-address.ts';
import { labelKey, labelValue } from '../formats/label.ts';
import { plainText } from '../formats/text.ts';
import type { KindDeclaration } from '../kind.ts';
import { array, type Infer, integer, map, object, pending, type ReportProblem, required, string } from '../schema.ts';
import { IstioStatus } from './istio-status.ts';
import { ServerTlsSettings } from './server-tls-settings.ts';

/** Protocols that a Gateway server may have, as Istio names them; case does not count. */
const GatewayProtocol = string({
  values: ['HTTP', 'HTTP2', 'GRPC', 'HTTPS', 'TLS', 'TCP'],
  pendingValues: ['GRPC-WEB', 'HTTP_PROXY', 'MONGO', 'REDIS', 'MYSQL', 'UDP'],
  ignoreCase: true,
});

/** Istio `Server`: one port that the selected routers open, and the hosts it serves. */
export const Server = object(
  {
    port: required(
      object({
        number: required(integer({ minimum: 0, maximum: 65535, doc: 'From 1; 0 only with a bind to a Unix socket.' })),
        name: required(string({ minLength: 1, maxLength: 256, format: plainText })),
        protocol: required(GatewayProtocol),
        targetPort: pending(integer({ minimum: 0, maximum: 65535 })),
      }),
    ),
    hosts: required(
      array(string({ format: gatewayServerHost }), {
        minItems: 1,
        doc: 'Hosts served, each optionally after NAMESPACE/ to say whose VirtualServices may attach.',
      }),
    ),
    bind: pending(string({ emptyIsAbsent: true })),
    tls: ServerTlsSettings,
    defaultEndpoint: pending(string({ emptyIsAbsent: true })),
    name: pending(string({ format: plainText, emptyIsAbsent: true })),
  },
  { check: (server, report) => checkServer(server, report) },
);
export type Server = Infer<typeof Server>;

const UNIX_SOCKET = /^unix:\/\/(?:@|\/.*[^/]$)/;
const HTTP_PROTOCOLS: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTP_PROXY']);

function checkServer(server: Server, report: ReportProblem): void {
  const { port, bind, tls } = server;
  const unix = bind?.startsWith('unix://') === true;
  if (unix && !UNIX_SOCKET.test(bind))
    report({ path: ['bind'], message: `found "${bind}"`, wanted: 'unix:// and an absolute path' });
  if (bind !== undefined && !unix && !isIpAddress(bind))
    report({ path: ['bind'], message: `found "${bind}"`, wanted: 'an IP address' });
  if (unix !== (port.number === 0)) {
    report({
      path: ['port', 'number'],
      message: `found ${port.number}`,
      wanted: unix ? '0 for a Unix socket' : 'a number from 1 to 65535',
    });
  }
  if ((port.targetPort ?? 0) > 0) {
    report({ path: ['port', 'targetPort'], message: 'found a targetPort, which gateways do not have', wanted: 'none' });
  }
  const secure = port.protocol === 'HTTPS' || port.protocol === 'TLS';
  if (secure && tls === undefined) {
    report({ message: `found protocol ${port.protocol} without tls`, wanted: 'tls with a mode' });
  } else if (!secure && tls !== undefined) {
    const onlyRedirect =
      HTTP_PROTOCOLS.has(port.protocol) &&
      (tls.mode ?? 'PASSTHROUGH').endsWith('PASSTHROUGH') &&
      [tls.caCertificates, tls.privateKey, tls.serverCertificate].every((part) => part === undefined);
    if (!onlyRedirect) {
      report({
        path: ['tls'],
        message: `found certificates or a mode for protocol ${port.protocol}`,
        wanted: 'protocol HTTPS or TLS',
      });
    }
  }
}

/** Istio `networking.istio.io Gateway`: ports that router proxies open (https://istio.io/latest/docs/reference/config/networking/gateway/). */
export const GatewaySpec = object(
  {
    selector: map(string({ format: labelValue }), {
      keys: labelKey,
      doc: 'Labels of the router pods that serve this Gateway; empty selects every router.',
    }),
    servers: required(array(Server, { minItems: 1 })),
  },
  {
    check: (spec, report) => {
      const names = new Set<string>();
      for (const [index, { port }] of spec.servers.entries()) {
        if (names.has(port.name)) {
          report({
            path: ['servers', index, 'port', 'name'],
            message: `found two ports named "${port.name}"`,
            wanted: 'each name once',
          });
        }
        names.add(port.name);
      }
    },
  },
);
export type GatewaySpec = Infer<typeof GatewaySpec>;

export const Gateway: KindDeclaration<'Gateway', GatewaySpec> = {
  kind: 'Gateway',
  group: 'networking.istio.io',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
  scope: 'namespaced',
  plural: 'gateways',
  nameFormat: dnsLabel,
  spec: GatewaySpec,
  status: IstioStatus,
};
