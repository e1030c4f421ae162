import fc from 'fast-check';
import { expect, test } from 'vitest';
import { claimDomains, type DomainClaims } from './domain-claims.ts';

interface Claimant {
  readonly host: string;
  readonly isService: boolean;
  readonly domains: readonly string[];
}

const domain = fc.constantFrom('a', 'b', 'c', 'd', '*');
const claimant: fc.Arbitrary<Claimant> = fc
  .record({
    host: fc.constantFrom('a', 'b', 'c', 'x', 'y'),
    isService: fc.boolean(),
    domains: fc.array(domain, { maxLength: 4 }),
  })
  .map((claim) => ({ ...claim, domains: [claim.host, ...claim.domains] }));
const domainsOf = ({ domains }: Claimant): readonly string[] => domains;

/** The rule in one pass: who comes first has the host, then each of the domains that nobody has yet. */
function inOnePass(claimants: readonly Claimant[], asks: (claimant: Claimant) => readonly string[]): unknown {
  const fullNames = new Set(claimants.filter(({ isService }) => isService).map(({ host }) => host));
  const hosts = new Set<string>();
  const taken = new Set(['*']);
  const dealt = new Map<string, readonly string[]>();
  for (const one of claimants) {
    if (hosts.has(one.host)) continue;
    hosts.add(one.host);
    const free = asks(one).filter((wanted) => {
      if (taken.has(wanted) || (wanted !== one.host && fullNames.has(wanted))) return false;
      taken.add(wanted);
      return true;
    });
    dealt.set(one.host, free);
  }
  return dealt;
}

test('claimDomains deals as one pass over all claimants does, whatever was dealt before', () => {
  const pool = fc.uniqueArray(claimant, { minLength: 3, maxLength: 8, selector: (one) => JSON.stringify(one) });
  const histories = pool.chain((all) =>
    fc.array(fc.tuple(fc.shuffledSubarray(all), fc.constantFrom('', 'c', 'd')), { minLength: 1, maxLength: 6 }),
  );
  fc.assert(
    fc.property(histories, (history) => {
      let claims: DomainClaims<Claimant> | undefined;
      let dealt = new Map<string, readonly string[]>();
      let blockedBefore = '';
      for (const [claimants, blocked] of history) {
        // What claimants ask for may change as a whole, as between namespaces.
        const asking = (without: string) => (one: Claimant) =>
          one.domains.filter((wanted) => wanted !== without || wanted === one.host);
        const anew = claims?.claimants.filter(
          (one) => claimants.includes(one) && String(asking(blocked)(one)) !== String(asking(blockedBefore)(one)),
        );
        const next = claimDomains(claims, claimants, asking(blocked), asking(blockedBefore), anew);
        dealt = new Map(dealt);
        for (const { host, claimant: winner, domains } of next.affected) {
          if (winner === undefined) dealt.delete(host);
          else dealt.set(host, domains);
        }
        expect(dealt).toEqual(inOnePass(claimants, asking(blocked)));
        claims = next.claims;
        blockedBefore = blocked;
      }
    }),
    { numRuns: 1_000 },
  );
});

test('claimDomains looks at nobody whom a change does not concern', () => {
  const all = Array.from({ length: 200 }, (_, index): Claimant => {
    const host = `h${index}`;
    return { host, isService: true, domains: [host, `${host}.`] };
  });
  const { claims } = claimDomains(undefined, all, domainsOf);
  const changed = { ...(all[7] as Claimant) };
  const { affected } = claimDomains(claims, all.with(7, changed), domainsOf);
  expect(affected).toEqual([{ host: 'h7', claimant: changed, domains: changed.domains }]);
});
