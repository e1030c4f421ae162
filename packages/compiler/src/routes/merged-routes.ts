import type { HttpMatch } from '../mesh-objects.ts';
import type { EncodedRoute } from './route-list.ts';

/**
 * The routes of several objects for one host in the order in which they are tried. The more specific first; each object keeps the order in
 * which it was written, which is law within it; of equally specific ones those of the object that is given first.
 *
 * Specific is, in this order: an exact path, then a regex, then a prefix, the longer before the shorter; a method; the number of other
 * conditions on headers, the authority and the scheme; the number of query parameters. Routes that match everything are last.
 */
export function mergeBySpecificity(lists: readonly (readonly EncodedRoute[])[]): readonly EncodedRoute[] {
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return only;
  const rests = lists.map((routes) => routes.map((route) => ({ route, rank: specificity(route) })));
  const places = rests.map(() => 0);
  const merged: EncodedRoute[] = [];
  for (;;) {
    let best: { readonly list: number; readonly route: EncodedRoute; readonly rank: Rank } | undefined;
    for (const [list, rest] of rests.entries()) {
      const head = rest[places[list] ?? 0];
      if (head !== undefined && (best === undefined || compareRanks(head.rank, best.rank) > 0))
        best = { list, ...head };
    }
    if (best === undefined) return merged;
    merged.push(best.route);
    places[best.list] = (places[best.list] ?? 0) + 1;
  }
}

/** Compared from the left; the higher is the more specific. */
type Rank = readonly number[];

function specificity({ catchAll, written }: EncodedRoute): Rank {
  if (catchAll) return [];
  const match = written?.match;
  const count = (record: object | undefined): number => Object.keys(record ?? {}).length;
  const others = [match?.authority, match?.scheme].filter((condition) => condition !== undefined).length;
  return [
    ...pathRank(match?.uri),
    match?.method === undefined ? 0 : 1,
    count(match?.headers) + count(match?.withoutHeaders) + others,
    count(match?.queryParams),
  ];
}

function pathRank(uri: HttpMatch['uri']): Rank {
  if (uri?.exact !== undefined) return [3, uri.exact.length];
  if (uri?.regex !== undefined && uri.regex !== '.*') return [2, uri.regex.length];
  return [1, uri?.prefix?.length ?? 1];
}

function compareRanks(a: Rank, b: Rank): number {
  for (let place = 0; place < Math.max(a.length, b.length); place++) {
    const difference = (a[place] ?? -1) - (b[place] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A text that two routes share if exactly the same requests match them, as far as what they are written as tells. */
export function conditionsOf({ written }: EncodedRoute): string | undefined {
  if (written === undefined) return undefined;
  const {
    name: _name,
    port: _port,
    gateways: _g,
    sourceLabels: _l,
    sourceNamespace: _n,
    statPrefix: _s,
    ...asked
  } = written.match ?? {};
  return JSON.stringify(sorted(asked));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => [key, sorted(field)]),
  );
}
