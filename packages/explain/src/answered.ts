import type { Answered } from './explanation.ts';

/** An answer of the proxy itself. */
export function answered(status: number, flag: string, reason: string): Answered {
  return { kind: 'answered', status, flag, reason };
}
