import { type Diagnostic, diagnostic, formatRef } from '@heddle/model';
import { hostIsWithin, isWildcardHost } from '../hosts/host-name.ts';
import type { Memo } from '../memo.ts';
import { refOfObject } from '../mesh-objects.ts';
import type { VirtualServiceEntry } from '../virtual-services.ts';

/** The VirtualServices for sidecars by the hosts they speak of. */
export interface MeshHosts {
  /** The one that decides for a host: the oldest that names it, else the oldest with the narrowest wildcard around it. */
  decidingFor(host: string): VirtualServiceEntry | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Indexes the VirtualServices of gateway `mesh`, given from the oldest to the youngest. */
export function indexMeshHosts(_memo: Memo, virtualServices: readonly VirtualServiceEntry[]): MeshHosts {
  const deciding = new Map<string, VirtualServiceEntry>();
  const diagnostics: Diagnostic[] = [];
  for (const entry of virtualServices) {
    const { virtualService } = entry;
    for (const [host, index] of entry.hosts) {
      const winner = deciding.get(host);
      if (winner === undefined) {
        deciding.set(host, entry);
        continue;
      }
      diagnostics.push(
        diagnostic('IST0109', {
          resource: refOfObject(virtualService),
          path: ['spec', 'hosts', index],
          message: `"${host}" has routes for sidecars in ${formatRef(refOfObject(winner.virtualService))} already`,
          effect: `sidecars use only those of ${formatRef(refOfObject(winner.virtualService))} for this host`,
          fix: 'merge the two, or bind one of them to other gateways',
        }),
      );
    }
  }
  const wildcards = [...deciding.keys()].filter(isWildcardHost).sort((a, b) => b.length - a.length);
  return {
    decidingFor(host) {
      const exact = deciding.get(host);
      if (exact !== undefined) return exact;
      const wildcard = wildcards.find((candidate) => hostIsWithin(host, candidate));
      return wildcard === undefined ? undefined : deciding.get(wildcard);
    },
    diagnostics,
  };
}
