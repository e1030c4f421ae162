import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** Where a value stands: in a header, or in an access log entry. */
export type ValuePlace = 'response' | 'upstream' | 'log';

/** A header, or logged field, whose values may differ between the two data planes, and why. */
export interface AllowedDifference {
  readonly where: ValuePlace;
  /** A header's name in lower case, or a logged field. */
  readonly name: string;
  /** Both have it or neither has; `masked`: all but what the pattern matches is equal; `anything`: nothing is compared. */
  readonly as: 'present' | 'masked' | 'anything';
  /** With `present`: what both values must look like; with `masked`: the part that may differ. */
  readonly pattern?: RegExp;
  readonly reason: string;
}

/** Reads the list of allowed differences; each needs a reason. */
export function loadAllowedDifferences(file: string): AllowedDifference[] {
  const entries = parse(readFileSync(file, 'utf8')) as Record<string, unknown>[];
  return entries.map((entry, i) => {
    const { where, name, as, pattern, reason } = entry;
    if ((where !== 'response' && where !== 'upstream' && where !== 'log') || typeof name !== 'string') {
      throw new Error(`${file}[${i}]: wanted where: response, upstream or log, and name: a header or logged field`);
    }
    if (as !== 'present' && as !== 'masked' && as !== 'anything')
      throw new Error(`${file}[${i}]: wanted as: present, masked or anything`);
    if (typeof reason !== 'string' || reason.length < 10) throw new Error(`${file}[${i}]: "${name}" has no reason`);
    return {
      where,
      name,
      as,
      reason,
      ...(typeof pattern === 'string' ? { pattern: new RegExp(as === 'masked' ? pattern : `^(?:${pattern})$`) } : {}),
    };
  });
}
