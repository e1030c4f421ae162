import type { ReportProblem } from '../schema.ts';

/** Labels by which localities are named; they are not written where localities themselves are. */
const TOPOLOGY_LABELS: ReadonlySet<string> = new Set([
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.istio.io/subzone',
]);

/** Localities of one list (`region/zone/subzone`, the last part may be `*`) overlap nowhere, and no part of one is empty. */
export function checkLocalities(
  localities: readonly { readonly text: string; readonly path: readonly (string | number)[] }[],
  report: ReportProblem,
): void {
  const seen: (readonly string[])[] = [];
  for (const { text, path } of localities) {
    const star = text.indexOf('*');
    if (star >= 0 && star !== text.length - 1) {
      report({ path, message: `found "${text}"`, wanted: 'a star at the end at most' });
      continue;
    }
    // As in Istio, what follows the second slash is the subzone, slashes and all.
    const [region = '', zone, ...rest] = text.split('/');
    const parts = [region, ...(zone === undefined ? [] : [zone]), ...(rest.length === 0 ? [] : [rest.join('/')])];
    if (parts.includes('')) {
      report({ path, message: `found "${text}"`, wanted: 'a region, a zone and a subzone that are not empty' });
      continue;
    }
    if (seen.some((other) => overlap(other, parts))) {
      report({
        path,
        message: `found "${text}", which overlaps with a locality before it`,
        wanted: 'separate localities',
      });
    }
    seen.push(parts);
  }
}

/** One of two localities contains the other: what they have in common is equal, or a star. */
function overlap(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] === '*' || b[i] === '*') return true;
    if (a[i] !== b[i]) return false;
  }
  return true;
}

/** Failover goes from one region to another, both named without zones and stars. */
export function checkFailover(
  failover: readonly { readonly from?: string; readonly to?: string }[] | undefined,
  report: ReportProblem,
): void {
  for (const [index, pair] of (failover ?? []).entries()) {
    if (pair.from === pair.to) {
      report({ path: ['failover', index, 'to'], message: 'found a failover to itself', wanted: 'another region' });
    }
    for (const side of ['from', 'to'] as const) {
      const region = pair[side] ?? '';
      if (/[/*]/.test(region)) {
        report({
          path: ['failover', index, side],
          message: `found "${region}"`,
          wanted: 'a region, without zone and without star',
        });
      }
    }
  }
}

/** Topology labels have no place in `failoverPriority` where regions are dealt with otherwise; `because` says by what. */
export function checkFailoverPriority(
  priorities: readonly string[] | undefined,
  because: string,
  report: ReportProblem,
): void {
  for (const [index, label] of (priorities ?? []).entries()) {
    if (TOPOLOGY_LABELS.has(label)) {
      report({ path: ['failoverPriority', index], message: `found "${label}" ${because}`, wanted: 'other labels' });
    }
  }
}
