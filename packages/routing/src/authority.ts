/**
 * Where the colon of the port stands in an authority, -1 without a port. Colons inside the brackets of an IPv6 address do not count.
 */
export function portStart(authority: string): number {
  const colon = authority.lastIndexOf(':');
  if (colon < 0) return -1;
  const bracket = authority.lastIndexOf(']');
  return bracket < 0 || bracket < colon ? colon : -1;
}

/** The host of an authority, without its port; IPv6 brackets stay. */
export function hostWithoutPort(authority: string): string {
  const start = portStart(authority);
  return start < 0 ? authority : authority.slice(0, start);
}
