/** Names one configuration object. `namespace` is empty for cluster-scoped kinds. */
export interface ResourceRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** `VirtualService shop/cart`, or `Namespace shop` for cluster-scoped kinds: how messages name an object. */
export function formatRef(ref: ResourceRef): string {
  return ref.namespace === '' ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}

/** A map key for an object: `kind/namespace/name`. None of the three may contain a slash. */
export function refKey(ref: ResourceRef): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}

/** Orders by kind, namespace, name, in code unit order: the same on every machine. */
export function compareRefs(a: ResourceRef, b: ResourceRef): number {
  return compareText(a.kind, b.kind) || compareText(a.namespace, b.namespace) || compareText(a.name, b.name);
}

/** Code unit order: unlike `localeCompare`, it does not depend on the machine's language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
