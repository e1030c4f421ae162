/**
 * Whether two hosts, either of which may begin with a wildcard, can mean the same name (Istio's `host.Name.Matches`). Case does not
 * count: Envoy refuses two domains that differ by it alone.
 */
export function hostsOverlap(a: string, b: string): boolean {
  const one = a.toLowerCase();
  const other = b.toLowerCase();
  const oneWild = one.startsWith('*');
  const otherWild = other.startsWith('*');
  if (oneWild && otherWild) {
    return one.length < other.length ? other.endsWith(one.slice(1)) : one.endsWith(other.slice(1));
  }
  if (oneWild) return other.endsWith(one.slice(1));
  if (otherWild) return one.endsWith(other.slice(1));
  return one === other;
}

/** Whether every name that `inner` can mean is one that `outer` can mean (Istio's `host.Name.SubsetOf`). */
export function hostWithin(inner: string, outer: string): boolean {
  const narrow = inner.toLowerCase();
  const wide = outer.toLowerCase();
  if (!wide.startsWith('*')) return narrow === wide;
  return narrow.startsWith('*')
    ? narrow.length >= wide.length && narrow.endsWith(wide.slice(1))
    : narrow.endsWith(wide.slice(1));
}
