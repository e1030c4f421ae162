import type { ConnectionManagerSettings } from './connection-manager-settings.ts';

// What Envoy accepts as a Host: RFC 3986 authority characters; spaces, slashes and controls are refused.
const validAuthority = /^[\w\-.~%!$&'()*+,;=:@[\]]*$/;

/** True when the value may stand in `:authority`; the empty one may. */
export function isValidAuthority(authority: string): boolean {
  return validAuthority.test(authority);
}

/** The authority after `strip_matching_host_port`, `strip_any_host_port` and `strip_trailing_host_dot`. */
export function normalizeAuthority(
  authority: string,
  settings: ConnectionManagerSettings,
  listenerPort: number,
): string {
  if (settings.stripPort === 'no' && !settings.stripTrailingHostDot) return authority;
  const colon = portColon(authority);
  let host = colon < 0 ? authority : authority.slice(0, colon);
  let port = colon < 0 ? '' : authority.slice(colon);
  if (port !== '') {
    if (settings.stripPort === 'any') port = '';
    else if (settings.stripPort === 'matching' && port === `:${listenerPort}`) port = '';
  }
  if (settings.stripTrailingHostDot && host.length > 1 && host.endsWith('.')) host = host.slice(0, -1);
  return host + port;
}

function portColon(authority: string): number {
  const colon = authority.lastIndexOf(':');
  if (colon < 0 || colon < authority.lastIndexOf(']')) return -1;
  const port = authority.slice(colon + 1);
  return /^\d+$/.test(port) ? colon : -1;
}
