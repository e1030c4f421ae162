import type { Origin, Provenance } from '@heddle/model';

/**
 * What made the part of a resource that a proxy's refusal blames, or the whole resource where the refusal does not say.
 *
 * Envoy's own checks name the field, one message type at a time from the root inwards (protoc-gen-validate's wording): `Proto constraint
 * validation failed (RouteConfigurationValidationError.VirtualHosts[0]: embedded message failed validation | caused by
 * VirtualHostValidationError.Routes[3]: …)`. The side table of the resource has the objects behind such paths; the longest known part of
 * the path decides.
 *
 * @param name the resource: a refusal may be about several, each after its name
 */
export function blamedOrigin(provenance: Provenance, name: string, message: string): Origin | undefined {
  const at = message.indexOf(name);
  const own = at === -1 ? [] : blamedPath(message.slice(at));
  const path = own.length > 0 ? own : blamedPath(message);
  for (let length = path.length; length > 0; length--) {
    const origin = provenance.get(path.slice(0, length).join('.'));
    if (origin !== undefined) return origin;
  }
  return provenance.get('');
}

/** The steps of the paths in the text, in protobuf JSON naming: `virtualHosts[0]`, `routes[3]`. Those of a second path lead nowhere. */
function blamedPath(text: string): readonly string[] {
  return [...text.matchAll(/\b\w+ValidationError\.(\w+)(\[\d+\])?/g)].map(
    ([, field = '', index = '']) => `${field.charAt(0).toLowerCase()}${field.slice(1)}${index}`,
  );
}
