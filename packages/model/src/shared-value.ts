import { SecretValue } from '@heddle/api';

/**
 * `next`, with every part that is deeply equal to the same part of `previous` replaced by it, so that a change of one field leaves
 * its siblings identical. Key order does not count.
 */
export function shared<T>(previous: T | undefined, next: T): T {
  if (previous === undefined || Object.is(previous, next)) return next;
  if (Array.isArray(previous) && Array.isArray(next)) {
    const items = next.map((item, index) => shared(previous[index], item));
    return sameItems(previous, items) ? previous : (items as T);
  }
  // Secrets show nothing of themselves: they are asked.
  if (previous instanceof SecretValue) return next instanceof SecretValue && previous.equals(next) ? previous : next;
  if (isPlainObject(previous) && isPlainObject(next)) {
    const keys = Object.keys(next);
    const entries = keys.map((key) => [
      key,
      shared(Object.hasOwn(previous, key) ? previous[key] : undefined, next[key]),
    ]);
    const same =
      keys.length === Object.keys(previous).length &&
      entries.every(([key, value]) => Object.hasOwn(previous, key as string) && previous[key as string] === value);
    return same ? previous : (Object.fromEntries(entries) as T);
  }
  return next;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same items by identity, in the same order. */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
