import { Status } from './abi.ts';

const NAMES = new Map<number, string>(
  Object.entries(Status).map(([name, value]) => [value, name.toLowerCase().replaceAll('_', ' ')]),
);

/** A status of a host call in words: "bad argument". */
export function statusName(status: number): string {
  return NAMES.get(status) ?? 'unknown status';
}
