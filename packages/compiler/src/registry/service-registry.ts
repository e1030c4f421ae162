import { compareText } from '@heddle/model';
import { type Groups, groupItems, patchGroups } from '../incremental/groups.ts';
import { changedItems } from '../incremental/list-changes.ts';
import { PatchedMap } from '../incremental/patched-map.ts';
import { patchSorted } from '../incremental/sorted-list.ts';
import type { Continued, Memo } from '../memo.ts';
import { type Age, ageOf, compareAge, type Service, type ServiceEntry } from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';
import {
  type MeshService,
  mergeSources,
  type ServiceSource,
  serviceEntrySources,
  serviceSource,
} from './mesh-service.ts';

/** Every host that the mesh knows. */
export interface ServiceRegistry {
  /** By lower-case host; wildcard hosts of ServiceEntries under their own text. */
  readonly byHost: ReadonlyMap<string, MeshService>;
  /** Ordered by host. */
  readonly services: readonly MeshService[];
}

/** The Kubernetes Services and, after them, the ServiceEntries from the oldest to the youngest: the order in which claims win. */
export function buildServiceRegistry(
  memo: Memo,
  services: readonly Service[],
  entries: readonly ServiceEntry[],
  settings: MeshSettings,
): ServiceRegistry {
  const ofServices = memo.each(serviceClaim, services, settings.clusterDomain);
  return memo.evolve(registryOfClaims, ofServices, memo.each(entryClaims, entries));
}

/** A claim on a host, with what decides between several. */
interface Claim {
  readonly source: ServiceSource;
  /** Undefined for Kubernetes Services: there is one at most for each host, and it comes first. */
  readonly age: Age | undefined;
}

function serviceClaim(memo: Memo, service: Service, domain: string): Claim {
  return { source: memo.run(serviceSource, service, domain), age: undefined };
}

function entryClaims(memo: Memo, entry: ServiceEntry): readonly Claim[] {
  const age = ageOf(entry);
  return memo.run(serviceEntrySources, entry).map((source) => ({ source, age }));
}

function compareClaims(a: Claim, b: Claim): number {
  if (a.age === undefined || b.age === undefined) return Number(a.age !== undefined) - Number(b.age !== undefined);
  return compareAge(a.age, b.age);
}

const hostsOf = ({ source }: Claim): Iterable<string> => [source.host];

interface ClaimedRegistry extends ServiceRegistry {
  readonly claims: Groups<Claim>;
  readonly byHost: PatchedMap<MeshService>;
}

type ClaimInputs = readonly [services: readonly Claim[], entries: readonly (readonly Claim[])[]];

function registryOfClaims(
  memo: Memo,
  before: Continued<ClaimInputs, ClaimedRegistry> | undefined,
  services: readonly Claim[],
  entries: readonly (readonly Claim[])[],
): ClaimedRegistry {
  const serviceOf = (claims: readonly Claim[] | undefined): MeshService | undefined => {
    const [first, ...others] = claims ?? [];
    return first === undefined
      ? undefined
      : memo.run(mergeSources, first.source, ...others.map((claim) => claim.source));
  };
  if (before === undefined) {
    const claims = groupItems([...services, ...entries.flat()], hostsOf, compareClaims);
    const byHost = new Map<string, MeshService>();
    for (const [host, ofHost] of claims) {
      const service = serviceOf(ofHost);
      if (service !== undefined) byHost.set(host, service);
    }
    return { claims, byHost: PatchedMap.of(byHost), services: [...byHost.values()].sort(compareHosts) };
  }
  const ofServices = changedItems(before.inputs[0], services);
  const ofEntries = changedItems(before.inputs[1], entries);
  const removed = [...ofServices.removed, ...ofEntries.removed.flat()];
  const added = [...ofServices.added, ...ofEntries.added.flat()];
  const claims = patchGroups(before.result.claims, removed, added, hostsOf, compareClaims);
  const changes = new Map<string, MeshService | undefined>();
  for (const { source } of [...removed, ...added]) changes.set(source.host, serviceOf(claims.get(source.host)));
  const gone: MeshService[] = [];
  const come: MeshService[] = [];
  for (const [host, service] of changes) {
    const known = before.result.byHost.get(host);
    if (known === service) continue;
    if (known !== undefined) gone.push(known);
    if (service !== undefined) come.push(service);
  }
  if (gone.length + come.length === 0)
    return { claims, byHost: before.result.byHost, services: before.result.services };
  return {
    claims,
    byHost: before.result.byHost.with(changes),
    services: patchSorted(before.result.services, gone, come, compareHosts),
  };
}

function compareHosts(a: MeshService, b: MeshService): number {
  return compareText(a.host, b.host);
}
