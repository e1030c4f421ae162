import type { StringFormat } from '../schema.ts';

const PART = /^(\d{1,15}(?:\.\d{0,9})?|\.\d{1,9})(ns|us|µs|μs|ms|s|m|h)/;
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
/** `google.protobuf.Duration` ends at about 10,000 years. */
const MAX_MS = 315_576_000_000_000;

/**
 * Milliseconds of a duration as Go and Istio write it (`1h30m`, `1.5s`, `20ms`), or undefined when it does not parse. `0` needs no unit.
 */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (text === '' || text.length > 100) return undefined;
  let rest = text;
  let total = 0;
  while (rest !== '') {
    const part = PART.exec(rest);
    if (part === null) return undefined;
    total += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? Number.NaN);
    rest = rest.slice(part[0].length);
  }
  return total <= MAX_MS ? total : undefined;
}

function checkDuration(text: string, zeroAllowed: boolean): string | undefined {
  const ms = parseDurationMs(text);
  if (ms === undefined) return 'a duration such as 1.5s, 20ms or 1h30m';
  if (ms === 0 && zeroAllowed) return undefined;
  // Istio keeps milliseconds; the tolerance is for sums of decimal fractions.
  if (ms < 1 || Math.abs(ms - Math.round(ms)) > 1e-6) return 'a whole number of milliseconds, at least 1ms';
  return undefined;
}

/** At least 1 ms, in whole milliseconds (Istio's `ValidateDuration`). */
export const duration: StringFormat = { name: 'duration', check: (text) => checkDuration(text, false) };

/** Like {@link duration}, and `0s` switches off what it bounds. */
export const durationOrZero: StringFormat = { name: 'duration-or-zero', check: (text) => checkDuration(text, true) };
