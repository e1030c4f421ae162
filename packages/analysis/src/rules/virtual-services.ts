import type { HttpMatchRequest } from '@heddle/api';
import { formatRef, MESH_GATEWAY, refOf } from '@heddle/model';
import { type HttpRule, namespaceOf, type VirtualService } from '../mesh-index.ts';
import type { AnalysisRule } from '../rule.ts';
import { covers } from './match-coverage.ts';

/** Hosts for which several VirtualServices have rules for sidecars. */
const conflictingMeshHosts: AnalysisRule = {
  name: 'conflicting-mesh-hosts',
  code: 'IST0109',
  scope: 'mesh',
  about: 'two VirtualServices have rules for the same host in sidecars',
  *check(mesh) {
    const claims = new Map<string, VirtualService[]>();
    for (const virtualService of mesh.snapshot.list('VirtualService')) {
      const { gateways = [], hosts = [], exportTo = [] } = virtualService.spec;
      if (gateways.length > 0 && !gateways.includes(MESH_GATEWAY)) continue;
      // What only its own namespace sees is in nobody else's way.
      const scope = exportTo.length === 1 && exportTo[0] === '.' ? namespaceOf(virtualService) : '*';
      for (const [index, written] of hosts.entries()) {
        const host = mesh.fullHost(written, namespaceOf(virtualService));
        const key = `${scope} ${host}`;
        const earlier = (claims.get(key) ?? []).find((other) => other !== virtualService);
        claims.set(key, [...(claims.get(key) ?? []), virtualService]);
        if (earlier === undefined) continue;
        yield {
          object: virtualService,
          path: ['spec', 'hosts', index],
          message: `"${host}" has rules for sidecars in ${formatRef(refOf(earlier))} already`,
          effect: 'sidecars use only those of the older one (by creation time, then by name)',
          fix: 'merge the two, or bind one of them to other gateways',
        };
      }
    }
  },
};

interface PlacedMatch {
  readonly match: HttpMatchRequest | undefined;
  /** In `spec.http`. */
  readonly rule: number;
  /** In `match`; undefined for a rule without. */
  readonly position: number | undefined;
}

function matchesOf(rule: HttpRule, index: number): readonly PlacedMatch[] {
  const matches = rule.match ?? [];
  if (matches.length === 0) return [{ match: undefined, rule: index, position: undefined }];
  return matches.map((match, position) => ({ match, rule: index, position }));
}

/** For each rule its matches, each with the match of an earlier rule (or of its own) that accepts all of its requests. */
function* coveredMatches(virtualService: VirtualService): Generator<{
  readonly index: number;
  readonly matches: readonly (PlacedMatch & { readonly coveredBy: PlacedMatch | undefined })[];
}> {
  const before: PlacedMatch[] = [];
  for (const [index, rule] of (virtualService.spec.http ?? []).entries()) {
    const matches = matchesOf(rule, index).map((placed) => {
      const coveredBy = before.find((earlier) => covers(earlier.match, placed.match));
      // What a delegate has no rule for goes on to the next rule.
      if (rule.delegate === undefined) before.push(placed);
      return { ...placed, coveredBy };
    });
    yield { index, matches };
  }
}

function describe(virtualService: VirtualService, { rule, match }: PlacedMatch): string {
  const name = virtualService.spec.http?.[rule]?.name;
  const called = name === undefined ? `rule ${rule + 1}` : `rule ${rule + 1} ("${name}")`;
  return match === undefined ? `${called}, which every request matches` : called;
}

/** Rules of which no match is ever reached. */
const unreachableRule: AnalysisRule = {
  name: 'unreachable-rule',
  code: 'IST0130',
  scope: 'object',
  about: 'a rule of a VirtualService stands behind others that take all of its requests',
  *check(mesh) {
    for (const virtualService of mesh.snapshot.list('VirtualService')) {
      for (const { index, matches } of coveredMatches(virtualService)) {
        const [first] = matches;
        if (first?.coveredBy === undefined || matches.some(({ coveredBy }) => coveredBy === undefined)) continue;
        yield {
          object: virtualService,
          path: ['spec', 'http', index],
          message: `rule ${index + 1} is never reached: its requests are taken by ${describe(virtualService, first.coveredBy)}`,
          effect: 'the rule does nothing',
          fix: 'move it before the other, or make the other narrower',
        };
      }
    }
  },
};

/** Single matches that are never reached in rules that otherwise are. */
const ineffectiveMatch: AnalysisRule = {
  name: 'ineffective-match',
  code: 'IST0131',
  scope: 'object',
  about: 'a match of a rule repeats or narrows an earlier one',
  *check(mesh) {
    for (const virtualService of mesh.snapshot.list('VirtualService')) {
      for (const { index, matches } of coveredMatches(virtualService)) {
        if (matches.every(({ coveredBy }) => coveredBy !== undefined)) continue;
        for (const { coveredBy, position } of matches) {
          if (coveredBy === undefined || position === undefined) continue;
          yield {
            object: virtualService,
            path: ['spec', 'http', index, 'match', position],
            message: `match ${position + 1} of rule ${index + 1} is never reached: its requests are taken by ${describe(virtualService, coveredBy)}`,
            effect: 'the match does nothing',
            fix: 'remove it, or move it before the other',
          };
        }
      }
    }
  },
};

export const virtualServiceRules: readonly AnalysisRule[] = [conflictingMeshHosts, unreachableRule, ineffectiveMatch];
