import type { KindDeclaration } from '../kind.ts';
import { array, type Infer, integer, map, object, pending, required, string } from '../schema.ts';

/** Istio `networking.istio.io Gateway`: servers that router proxies open. First field lists; to be completed by the whole API. */
export const GatewaySpec = object({
  selector: map(string(), { doc: 'Labels of the router pods that serve this Gateway; empty selects every router.' }),
  servers: required(
    array(
      object({
        port: required(
          object({
            number: required(integer({ minimum: 1, maximum: 65535 })),
            name: required(string({ minLength: 1 })),
            protocol: required(
              string({ values: ['HTTP', 'HTTPS', 'GRPC', 'GRPC-WEB', 'HTTP2', 'MONGO', 'TCP', 'TLS'] }),
            ),
          }),
        ),
        hosts: required(array(string(), { minItems: 1 })),
        name: pending(string()),
      }),
      { minItems: 1 },
    ),
  ),
});
export type GatewaySpec = Infer<typeof GatewaySpec>;

export const Gateway: KindDeclaration<'Gateway', GatewaySpec> = {
  kind: 'Gateway',
  group: 'networking.istio.io',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
  scope: 'namespaced',
  plural: 'gateways',
  spec: GatewaySpec,
};
