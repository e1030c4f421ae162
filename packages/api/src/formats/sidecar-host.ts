import type { StringFormat } from '../schema.ts';
import { isDnsLabel, isWildcardHostName } from './dns-name.ts';

/**
 * What a Sidecar's workload may call: `NAMESPACE/HOST`, where the namespace may be `.` (the proxy's own), `*` or `~` (none), and the host
 * `*` or a full name (Istio's `ValidateNamespaceSlashWildcardHostname`).
 */
export const sidecarHost: StringFormat = {
  name: 'sidecar-host',
  check: (text) => {
    const slash = text.indexOf('/');
    if (slash <= 0 || slash === text.length - 1) return 'NAMESPACE/HOST, such as ./* or istio-system/*';
    const namespace = text.slice(0, slash).replace(/^~(?=.)/, '');
    if (namespace !== '*' && namespace !== '.' && namespace !== '~' && !isDnsLabel(namespace)) {
      return 'a namespace, ".", "*" or "~" before the "/"';
    }
    const host = text.slice(slash + 1);
    if (host === '*') return undefined;
    return isWildcardHostName(host) && host.includes('.') && !/^\*[^.]/.test(host)
      ? undefined
      : 'a full host such as reviews.shop.svc.cluster.local, *.example.com or * after the "/"';
  },
  notApplied: (text) =>
    /^~[^/]/.test(text)
      ? `"${text}" excludes a namespace, which is part of the API but not applied yet; applied here: "~/*", no host at all`
      : undefined,
};
