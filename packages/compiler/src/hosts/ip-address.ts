const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** An IPv4 address in dotted decimal without leading zeros, or an IPv6 address (RFC 4291, section 2.2) without zone or brackets. */
export function isIpAddress(text: string): boolean {
  return IPV4.test(text) || isIpv6Address(text);
}

export function isIpv6Address(text: string): boolean {
  if (!/^[0-9A-Fa-f:.]{2,45}$/.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [position, part] of parts.entries()) {
      const last = index === halves.length - 1 && position === parts.length - 1;
      if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups += 1;
      // The last 32 bits may be written as an IPv4 address.
      else if (last && IPV4.test(part)) groups += 2;
      else return false;
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}

/** A host as it stands in a `Host` header and in a virtual host's domains: IPv6 addresses in brackets (RFC 3986, section 3.2.2). */
export function hostDomain(host: string): string {
  return isIpv6Address(host) ? `[${host}]` : host;
}
