import { hostLabel } from '../formats/dns-name.ts';
import { destinationHost } from '../formats/host.ts';
import { type Infer, integer, object, type ReportProblem, required, string } from '../schema.ts';

/** A port number of a service or listener. */
export const portNumber = integer({ minimum: 1, maximum: 65535 });

/** Istio `PortSelector`. */
export const PortSelector = object({ number: required(portNumber) });
export type PortSelector = Infer<typeof PortSelector>;

/** Istio `Destination`: a service of the registry, a subset that a DestinationRule declares, and one of its ports. */
export const Destination = object({
  host: required(
    string({
      format: destinationHost,
      doc: 'A service: short names are read in the namespace of the rule, as Istio does (reviews means reviews.NAMESPACE.svc.cluster.local).',
    }),
  ),
  subset: string({ format: hostLabel, emptyIsAbsent: true }),
  port: PortSelector,
});
export type Destination = Infer<typeof Destination>;

/** Envoy adds the weights of a route's legs up in 32 bits and wants at least 1. */
const MAX_TOTAL_WEIGHT = 4_294_967_295;

/** Several legs need a weight above zero together; one leg gets everything whatever it says. */
export function checkWeights(
  legs: readonly { readonly weight?: number }[] | undefined,
  path: readonly (string | number)[],
  report: ReportProblem,
): void {
  if (legs === undefined || legs.length < 2) return;
  const total = legs.reduce((sum, leg) => sum + (leg.weight ?? 0), 0);
  if (total === 0)
    report({
      path,
      message: `found ${legs.length} destinations whose weights add up to 0`,
      wanted: 'a weight above 0 on one of them',
    });
  else if (total > MAX_TOTAL_WEIGHT)
    report({ path, message: `found weights that add up to ${total}`, wanted: `at most ${MAX_TOTAL_WEIGHT}` });
}
