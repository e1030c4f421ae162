import { changedItems } from '../incremental/list-changes.ts';
import { PatchedMap } from '../incremental/patched-map.ts';

/** Somebody who wants domains for a host. */
export interface DomainClaimant {
  readonly host: string;
  /** Whether the host is a service's: no shortened name of another stands in for it then. */
  readonly isService: boolean;
}

/** Who has which domains at one port; see {@link claimDomains}. */
export interface DomainClaims<Claimant extends DomainClaimant> {
  /** In order of precedence. */
  readonly claimants: readonly Claimant[];
  readonly byHost: PatchedMap<readonly Claimant[]>;
  readonly byDomain: PatchedMap<readonly Claimant[]>;
}

/** What a host's claimant got: nothing if another has the host, or if none of its domains was free. */
export interface ClaimedHost<Claimant extends DomainClaimant> {
  readonly host: string;
  readonly claimant: Claimant | undefined;
  /** The list that was asked for if all of it was free. */
  readonly domains: readonly string[];
}

/**
 * Deals out domains: of several claimants of one host the first counts, and of those that count the first has a domain. The last virtual
 * host has `*`, so nobody else does. Gives the hosts for which the answer may differ from `before`: all of them without one.
 *
 * @param domainsOf what a claimant asks for; by `domainsBefore` what it asked for in `before`
 * @param asksAnew claimants of both lists that ask for something else than before
 */
export function claimDomains<Claimant extends DomainClaimant>(
  before: DomainClaims<Claimant> | undefined,
  claimants: readonly Claimant[],
  domainsOf: (claimant: Claimant) => readonly string[],
  domainsBefore: (claimant: Claimant) => readonly string[] = domainsOf,
  asksAnew: readonly Claimant[] = [],
): { readonly claims: DomainClaims<Claimant>; readonly affected: readonly ClaimedHost<Claimant>[] } {
  const changed = changedItems(before?.claimants ?? [], claimants);
  const removed = new Set([...changed.removed, ...asksAnew]);
  const added = new Set([...changed.added, ...asksAnew]);
  const byHost = patchClaims(
    before?.byHost,
    removed,
    added,
    ({ host }) => [host],
    ({ host }) => [host],
  );
  const byDomain = patchClaims(before?.byDomain, removed, added, domainsBefore, domainsOf);

  let positions: ReadonlyMap<Claimant, number> | undefined;
  const firstOf = (some: readonly Claimant[]): Claimant | undefined => {
    if (some.length <= 1) return some[0];
    positions ??= new Map(claimants.map((claimant, index) => [claimant, index]));
    const at = (claimant: Claimant): number => positions?.get(claimant) ?? Number.POSITIVE_INFINITY;
    return some.reduce((first, other) => (at(other) < at(first) ? other : first));
  };
  const counting = (host: string): Claimant | undefined => firstOf(byHost.get(host) ?? []);
  const isService = (host: string): boolean => byHost.get(host)?.some((claimant) => claimant.isService) === true;
  const winner = (domain: string): Claimant | undefined => {
    if (domain === '*') return undefined;
    const claimed = byDomain.get(domain) ?? [];
    const [only] = claimed;
    // The common case first: one host asks for its own name, or for a short one that is nobody's full name.
    if (claimed.length === 1 && only !== undefined && (domain === only.host || !isService(domain)))
      return counting(only.host) === only ? only : undefined;
    const taken = isService(domain);
    return firstOf(
      claimed.filter((claimant) => counting(claimant.host) === claimant && (domain === claimant.host || !taken)),
    );
  };

  const hosts = new Set<string>();
  const domains = new Set<string>();
  const note = (claimant: Claimant, asked: readonly string[]): void => {
    hosts.add(claimant.host);
    for (const domain of asked) domains.add(domain);
  };
  for (const claimant of removed) note(claimant, domainsBefore(claimant));
  for (const claimant of added) note(claimant, domainsOf(claimant));
  if (before !== undefined) {
    // Whoever has a host after another has gone, or stands behind another now, asks for its domains anew.
    for (const host of [...hosts]) for (const other of byHost.get(host) ?? []) note(other, domainsOf(other));
    for (const domain of domains) for (const other of byDomain.get(domain) ?? []) hosts.add(other.host);
  }
  const affected: ClaimedHost<Claimant>[] = [];
  for (const host of hosts) {
    const claimant = counting(host);
    const asked = claimant === undefined ? [] : domainsOf(claimant);
    const free = asked.filter((domain, index) => winner(domain) === claimant && asked.indexOf(domain) === index);
    affected.push({ host, claimant, domains: free.length === asked.length ? asked : free });
  }
  return { claims: { claimants, byHost, byDomain }, affected };
}

function patchClaims<Claimant>(
  before: PatchedMap<readonly Claimant[]> | undefined,
  removed: ReadonlySet<Claimant>,
  added: ReadonlySet<Claimant>,
  keysBefore: (claimant: Claimant) => readonly string[],
  keysAfter: (claimant: Claimant) => readonly string[],
): PatchedMap<readonly Claimant[]> {
  const known = before ?? PatchedMap.of<readonly Claimant[]>(new Map());
  const changes = new Map<string, Claimant[]>();
  const groupOf = (key: string): Claimant[] => {
    let group = changes.get(key);
    if (group === undefined) {
      group = (known.get(key) ?? []).filter((claimant) => !removed.has(claimant));
      changes.set(key, group);
    }
    return group;
  };
  for (const claimant of removed) for (const key of keysBefore(claimant)) groupOf(key);
  for (const claimant of added) {
    for (const key of keysAfter(claimant)) {
      const group = groupOf(key);
      if (!group.includes(claimant)) group.push(claimant);
    }
  }
  if (before === undefined) return PatchedMap.of(changes);
  const patch = [...changes].map(([key, group]) => [key, group.length === 0 ? undefined : group] as const);
  return known.with(new Map(patch));
}
