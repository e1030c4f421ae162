import type { MatchablePath, PathMatcher } from './path-matcher.ts';

/**
 * Finds, among many routes, those whose path may match, in the order of the routes: a filter in front of the real test, so that the
 * first route that matches stays the first, however many stand before it.
 */
export interface RouteIndex {
  /** Indices of the routes to test, ascending. */
  candidates(path: MatchablePath): readonly number[];
}

/** Fewer routes than this are tried one by one, which is quicker than looking them up. */
const LINEAR_LIMIT = 12;

/** Builds the index; undefined when the routes are few enough to be tried in turn. */
export function buildRouteIndex(matchers: readonly PathMatcher[]): RouteIndex | undefined {
  if (matchers.length <= LINEAR_LIMIT) return undefined;
  const sensitive = new TextTables();
  const insensitive = new TextTables();
  const always: number[] = [];
  matchers.forEach((matcher, index) => {
    if (matcher.kind === 'regex' || matcher.kind === 'connect') always.push(index);
    else (matcher.caseSensitive ? sensitive : insensitive).add(matcher, index);
  });
  return {
    candidates(path) {
      const lists: (readonly number[])[] = always.length > 0 ? [always] : [];
      sensitive.collect(path.path, lists);
      if (!insensitive.empty) insensitive.collect(path.lower(), lists);
      return mergeAscending(lists);
    },
  };
}

class TextTables {
  private readonly exact = new Map<string, number[]>();
  /** By length of the prefix, then by its text: as many look-ups as there are different lengths. */
  private readonly prefixes = new Map<number, Map<string, number[]>>();

  get empty(): boolean {
    return this.exact.size === 0 && this.prefixes.size === 0;
  }

  add(matcher: { readonly kind: string; readonly text: string }, index: number): void {
    const { text } = matcher;
    let table = this.exact;
    if (matcher.kind !== 'exact') {
      table = this.prefixes.get(text.length) ?? new Map<string, number[]>();
      this.prefixes.set(text.length, table);
    }
    const indices = table.get(text);
    if (indices === undefined) table.set(text, [index]);
    else indices.push(index);
  }

  collect(path: string, into: (readonly number[])[]): void {
    const exact = this.exact.get(path);
    if (exact !== undefined) into.push(exact);
    for (const [length, table] of this.prefixes) {
      if (length > path.length) continue;
      const indices = table.get(length === path.length ? path : path.slice(0, length));
      if (indices !== undefined) into.push(indices);
    }
  }
}

function mergeAscending(lists: readonly (readonly number[])[]): readonly number[] {
  const [first] = lists;
  if (first === undefined) return [];
  if (lists.length === 1) return first;
  return lists.flat().sort((a, b) => a - b);
}
