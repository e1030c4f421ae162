import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Difference } from './compare.ts';

/** One entry of allowed-differences.yaml: a part that is not given fits all. */
export interface AllowedDifference {
  readonly case?: string;
  readonly callback?: string;
  readonly call?: string;
  /** The version of Envoy that it is about; all of them if not given. */
  readonly envoy?: string;
  readonly reason: string;
}

/** What of the list in the file is about a version of Envoy. */
export function loadAllowedDifferences(version: string): readonly AllowedDifference[] {
  const list = parse(
    readFileSync(new URL('allowed-differences.yaml', import.meta.url), 'utf8'),
  ) as readonly AllowedDifference[];
  return list.filter(({ envoy = version }) => envoy === version);
}

/** Sorts differences into those that are allowed, by entry, and all others. */
export function judge(
  differences: readonly Difference[],
  list: readonly AllowedDifference[],
): {
  readonly faults: readonly Difference[];
  readonly allowed: ReadonlyMap<AllowedDifference, readonly Difference[]>;
  /** Entries that no difference needs. */
  readonly stale: readonly AllowedDifference[];
} {
  const allowed = new Map<AllowedDifference, Difference[]>(list.map((entry) => [entry, []]));
  const faults: Difference[] = [];
  for (const difference of differences) {
    const entries = list.filter((entry) => fits(entry, difference));
    if (entries.length === 0) faults.push(difference);
    for (const entry of entries) allowed.get(entry)?.push(difference);
  }
  return { faults, allowed, stale: list.filter((entry) => allowed.get(entry)?.length === 0) };
}

function fits(entry: AllowedDifference, difference: Difference): boolean {
  return (['case', 'callback', 'call'] as const).every((part) => {
    const pattern = entry[part];
    return pattern === undefined || matches(pattern, difference[part]);
  });
}

function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === pattern;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const [index, part] of rest.entries()) {
    if (index === rest.length - 1) return text.length - part.length >= at && text.endsWith(part);
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return false;
}
