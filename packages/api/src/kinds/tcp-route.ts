import { dnsLabel } from '../formats/dns-name.ts';
import { gatewayReference, wildcardHostOrIp } from '../formats/host.ts';
import { ipSubnet } from '../formats/ip-address.ts';
import { labelKey, labelValue } from '../formats/label.ts';
import { array, inert, integer, map, object, required, string } from '../schema.ts';
import { checkWeights, Destination } from './destination.ts';

/** Istio `RouteDestination`: one leg of a TCP or TLS route. */
const RouteDestination = object({
  destination: required(Destination),
  weight: integer({ minimum: 0, maximum: 2_147_483_647 }),
});

const l4Match = {
  destinationSubnets: array(string({ format: ipSubnet })),
  port: integer({ minimum: 0, maximum: 65535 }),
  sourceLabels: map(string({ format: labelValue }), { keys: labelKey }),
  gateways: array(string({ format: gatewayReference })),
  sourceNamespace: string({ format: dnsLabel, emptyIsAbsent: true }),
} as const;

/** Istio `TCPRoute`. */
export const TcpRoute = object(
  {
    match: array(object({ ...l4Match, sourceSubnet: inert(string({ format: ipSubnet, emptyIsAbsent: true })) })),
    route: required(array(RouteDestination, { minItems: 1 })),
  },
  { check: (rule, report) => checkWeights(rule.route, ['route'], report) },
);

/** Istio `TLSRoute`: by server name, without decrypting. */
export const TlsRoute = object(
  {
    match: required(
      array(object({ ...l4Match, sniHosts: required(array(string({ format: wildcardHostOrIp }), { minItems: 1 })) }), {
        minItems: 1,
      }),
    ),
    route: required(array(RouteDestination, { minItems: 1 })),
  },
  { check: (rule, report) => checkWeights(rule.route, ['route'], report) },
);
